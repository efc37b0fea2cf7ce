import type { Tenant } from "../tenant/tenant.ts";
import type { Service } from "./kinds.ts";
import { toSelector } from "./labels.ts";
import { toNames } from "./names.ts";
import { gatewayPorts, portNames } from "./ports.ts";
import { toOwned } from "./to-owned.ts";

/**
 * The public port of a Tenant's gateways. The admin port has no Service: metrics are scraped pod by pod (PodMonitor, or the
 * pod's `prometheus.io` annotations), and nobody who can reach this Service comes near it.
 *
 * `kubernetes.io/ws` says that connections are upgraded to WebSockets; plain HTTP passes as well (GEP-1911). There is no
 * session affinity: a session lives on one connection, and whatever it missed is fetched from any gateway.
 */
export const toService = (tenant: Tenant): Service =>
  toOwned(tenant, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: toNames(tenant.metadata.name).gateway },
    spec: {
      type: "ClusterIP",
      selector: toSelector(tenant),
      ports: [
        {
          name: portNames.http,
          port: gatewayPorts.http,
          targetPort: portNames.http,
          protocol: "TCP",
          appProtocol: "kubernetes.io/ws",
        },
      ],
    },
  });
