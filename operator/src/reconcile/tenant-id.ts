import { createHash } from "node:crypto";
import type { Tenant } from "../tenant/tenant.ts";

/**
 * The tenant's id: the one that the status tells, whatever the rule was when it was written there; else that of the spec;
 * else one made of namespace and name.
 */
export const toTenantId = (tenant: Tenant): string => {
  const { namespace = "", name } = tenant.metadata;
  return tenant.status?.tenantId ?? findSpec(tenant).tenantId ?? deriveTenantId(namespace, name);
};

/**
 * An id that tells where its Tenant is, and is another for every other namespace and name: `shop-blue` in `team` and `blue` in
 * `team-shop` differ by the hash. 1-48 small letters, digits and inner dashes.
 */
export const deriveTenantId = (namespace: string, name: string): string => {
  const hash = createHash("sha256").update(`${namespace}/${name}`).digest("hex").slice(0, hashChars);
  const readable = `${namespace}-${name}`.slice(0, idCharsMax - hashChars - 1).replace(/^-+|-+$/g, "");
  return `${readable}-${hash}`;
};

const idCharsMax = 48;
/** A resource that is older than a rule of the schema may lack what the schema promises. */
const findSpec = ({ spec }: { readonly spec?: Partial<Tenant["spec"]> }): Partial<Tenant["spec"]> => spec ?? {};

const hashChars = 10;
