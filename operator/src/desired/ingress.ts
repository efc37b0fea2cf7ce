import type { Tenant } from "../tenant/tenant.ts";
import type { Ingress } from "./kinds.ts";
import { toNames } from "./names.ts";
import { portNames } from "./ports.ts";
import { toOwned } from "./to-owned.ts";

/**
 * Leads the Tenant's hosts to its Service through an ingress controller; undefined when it is not exposed so. Nothing in
 * it is for one controller only: what a controller wants to know (time limits of WebSockets, who issues certificates)
 * comes as annotations of the spec.
 */
export const toIngress = (tenant: Tenant): Ingress | undefined => {
  const { type, hosts, ingressClassName, annotations, tlsSecretName } = tenant.spec.exposure;
  if (type !== "Ingress") return undefined;
  const { gateway } = toNames(tenant.metadata.name);
  return toOwned(tenant, {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: gateway, ...(annotations && { annotations }) },
    spec: {
      ...(ingressClassName !== undefined && { ingressClassName }),
      ...(tlsSecretName !== undefined && { tls: [{ hosts: [...(hosts ?? [])], secretName: tlsSecretName }] }),
      rules: (hosts ?? []).map((host) => ({
        host,
        http: {
          paths: [
            { path: "/", pathType: "Prefix", backend: { service: { name: gateway, port: { name: portNames.http } } } },
          ],
        },
      })),
    },
  });
};
