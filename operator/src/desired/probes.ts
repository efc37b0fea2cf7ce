import type { V1Probe } from "@kubernetes/client-node";
import { portNames } from "./ports.ts";

/** Until the first connections to the database are there: two minutes, then the container is started anew. */
export const startupProbe: V1Probe = {
  httpGet: { path: "/startupz", port: portNames.admin },
  periodSeconds: 2,
  timeoutSeconds: 2,
  failureThreshold: 60,
};

/** Does the gateway reach its database and hear the others? Ten seconds of no, and no new connection comes here. */
export const readinessProbe: V1Probe = {
  httpGet: { path: "/readyz", port: portNames.admin },
  periodSeconds: 5,
  timeoutSeconds: 3,
  failureThreshold: 2,
};

/**
 * Does its event loop turn? Never asks the database: an outage of it would restart every gateway and so drop every socket.
 * Who fails for half a minute is stuck and drains nothing, so it is not given the time to.
 */
export const livenessProbe: V1Probe = {
  httpGet: { path: "/livez", port: portNames.admin },
  periodSeconds: 10,
  timeoutSeconds: 5,
  failureThreshold: 3,
  terminationGracePeriodSeconds: 15,
};
