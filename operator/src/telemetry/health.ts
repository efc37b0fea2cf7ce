import type { Routes } from "./http-server.ts";
import { answer } from "./http-server.ts";

/** What has to be so for the operator to do its work, each with what it waits for. */
export type HealthChecks = Readonly<Record<string, () => boolean>>;

/**
 * `/livez`: the event loop turns. `/readyz`: the watches have told of all there is, so that this replica can lead at once.
 * Whether it leads does not matter: a standby that waits is ready.
 * Source: https://kubernetes.io/docs/reference/using-api/health-checks/
 */
export const toHealthRoutes = (ready: HealthChecks): Routes => ({
  "/livez": (_request, response) => answer(response, 200, "ok"),
  "/readyz": (_request, response) => {
    const missing = Object.entries(ready).flatMap(([name, check]) => (check() ? [] : [name]));
    if (missing.length === 0) answer(response, 200, "ok");
    else answer(response, 503, `not ready: ${missing.join(", ")}`);
  },
});
