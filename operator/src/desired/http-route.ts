import type { Tenant } from "../tenant/tenant.ts";
import type { HttpRoute } from "./kinds.ts";
import { toNames } from "./names.ts";
import { gatewayPorts } from "./ports.ts";
import { toOwned } from "./to-owned.ts";

/**
 * Leads the Tenant's hosts from a Gateway to its Service; undefined when it is not exposed so. A connection may stay open
 * for as long as its session lasts, so the request has no time limit (`0s`, GEP-1742).
 */
export const toHttpRoute = (tenant: Tenant): HttpRoute | undefined => {
  const { type, hosts, parentRefs, annotations } = tenant.spec.exposure;
  if (type !== "HTTPRoute") return undefined;
  const { gateway } = toNames(tenant.metadata.name);
  return toOwned(tenant, {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: gateway, ...(annotations && { annotations }) },
    spec: {
      parentRefs: parentRefs ?? [],
      hostnames: hosts ?? [],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: [{ name: gateway, port: gatewayPorts.http }],
          timeouts: { request: "0s" },
        },
      ],
    },
  });
};
