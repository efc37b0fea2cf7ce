import type { Tenant } from "../tenant/tenant.ts";
import { toNames } from "./names.ts";
import { gatewayPorts } from "./ports.ts";

/** Where clients reach the Tenant's gateways: its first host, or the Service when it is not exposed. */
export const toPublicUrl = (tenant: Tenant): string => {
  const { type, hosts } = tenant.spec.exposure;
  const [host] = hosts ?? [];
  return type === "None" || host === undefined ? toClusterUrl(tenant) : `https://${host}`;
};

/** Where the cluster's own pods reach them. */
export const toClusterUrl = ({ metadata }: Tenant): string =>
  `http://${toNames(metadata.name).gateway}.${metadata.namespace ?? "default"}.svc:${gatewayPorts.http}`;
