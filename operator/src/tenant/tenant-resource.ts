import type { Resource } from "../kube/kube-object.ts";
import type { Tenant } from "./tenant.ts";

/** The kind Tenant, as the paths of the API name it. */
export const tenants: Resource<Tenant> = {
  apiVersion: "chat.sendsar.com/v1alpha1",
  kind: "Tenant",
  plural: "tenants",
};
