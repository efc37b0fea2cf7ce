import type { KubeObject } from "../kube/kube-object.ts";
import type { Tenant } from "../tenant/tenant.ts";

/** Is it of the Tenant that had this name before? The garbage collector is about to remove it then. */
export const isLeftover = ({ metadata }: KubeObject, tenant: Tenant): boolean =>
  (metadata.ownerReferences ?? []).some(
    ({ apiVersion, kind, name, uid }) =>
      kind === tenant.kind &&
      name === tenant.metadata.name &&
      uid !== tenant.metadata.uid &&
      apiVersion.split("/")[0] === tenant.apiVersion.split("/")[0],
  );
