import { resources } from "../../src/desired/kinds.ts";
import type { KubeObject, Resource } from "../../src/kube/kube-object.ts";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";

/**
 * Applies an object as the operator does, and refuses what the server does not know: an unknown or doubled field is an error
 * (`fieldValidation=Strict`). Answers it as the server keeps it, with what the server's defaults added.
 */
export const applyStrictly = (api: KubeApi, object: KubeObject, manager = "sendsar-operator"): Promise<KubeObject> =>
  api.patch(
    `${toPath(object)}?fieldManager=${encodeURIComponent(manager)}&force=true&fieldValidation=Strict`,
    object,
    "application/apply-patch+yaml",
  );

/** As the server keeps it. */
export const readBack = (api: KubeApi, object: KubeObject): Promise<KubeObject> => api.get(toPath(object));

/** The path of an object of a kind that Tenants own. */
export const toPath = ({ apiVersion, kind, metadata }: KubeObject): string => {
  const known: readonly Resource[] = Object.values(resources);
  const resource = known.find((one) => one.kind === kind && one.apiVersion === apiVersion);
  if (!resource) throw new Error(`unable to name ${kind}; a Tenant owns none`);
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}/namespaces/${metadata.namespace}/${resource.plural}/${metadata.name}`;
};
