import { randomBytes } from "node:crypto";
import { readConfig } from "@sendsar/gateway/config";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { desiredObjects } from "../../src/desired/desired-objects.ts";
import type { ConfigMap, Deployment } from "../../src/desired/kinds.ts";
import { arbitraryTenant } from "./arbitrary-tenant.ts";
import { toInput } from "./cases.ts";

/** Of the Secret that the pod's environment refers to. */
const secret: Readonly<Record<string, string>> = {
  databaseUrl: "postgres://login:password@postgres.data.svc:5432/chat",
  tenantKey: randomBytes(32).toString("base64"),
};

test("the gateway's own configuration reads what the pods of any Tenant get, and finds the same numbers in it", () => {
  fc.assert(
    fc.property(arbitraryTenant, (tenant) => {
      const quiet = { ...tenant, spec: { ...tenant.spec, gateway: { ...tenant.spec.gateway, env: [] } } };
      const input = toInput(quiet);
      const objects = desiredObjects(input);
      const configMap = objects.find((object): object is ConfigMap => object.kind === "ConfigMap");
      const deployment = objects.find((object): object is Deployment => object.kind === "Deployment");
      const [container] = deployment?.spec.template.spec?.containers ?? [];
      const secrets = (container?.env ?? []).map(({ name, valueFrom }) => [
        name,
        secret[valueFrom?.secretKeyRef?.key ?? ""],
      ]);
      const config = readConfig({ ...configMap?.data, ...Object.fromEntries(secrets) });
      expect(config).toMatchObject({
        port: container?.ports?.find(({ name }) => name === "http")?.containerPort,
        adminPort: container?.ports?.find(({ name }) => name === "admin")?.containerPort,
        socketTransports: ["websocket"],
        databaseUrl: secret["databaseUrl"],
        stop: { spreadMs: tenant.spec.gateway.drain.spreadSeconds * 1000 },
        connectionAgeMsMax: 3_600_000,
        keys: { tenantId: input.tenantId },
      });
      // The margin of the pods' grace period covers what the gateway needs after its sockets are gone.
      expect(config.stop.finishMs).toBeLessThan(15_000);
    }),
  );
});
