import type { V1ConfigMap, V1Container, V1EnvFromSource, V1EnvVar, V1Pod, V1Secret } from "@kubernetes/client-node";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";

/** Something that the environment refers to is not there (yet): a kubelet says `CreateContainerConfigError` and waits. */
export class MissingReference extends Error {
  override readonly name = "MissingReference";
}

type Values = Readonly<Record<string, string>>;

/**
 * The environment of a container, as the API's reference of `Container` has it: `envFrom` first and in order, then `env`, whose
 * later entries win and may use earlier ones as `$(NAME)`.
 */
export const resolveEnvironment = async (
  api: KubeApi,
  pod: V1Pod,
  podIp: string,
  container: V1Container,
): Promise<Values> => {
  const sources = createSources(api, pod.metadata?.namespace ?? "");
  const result: Record<string, string> = {};
  for (const source of container.envFrom ?? []) Object.assign(result, await readAll(sources, source));
  for (const variable of container.env ?? []) {
    const value = await readOne(sources, readFieldOf(pod, podIp), variable, result);
    if (value !== undefined) result[variable.name] = value;
  }
  return result;
};

interface Sources {
  readonly configMap: (name: string) => Promise<Values | undefined>;
  readonly secret: (name: string) => Promise<Values | undefined>;
}

const createSources = (api: KubeApi, namespace: string): Sources => ({
  async configMap(name) {
    const found = await api.find<V1ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
    return found && (found.data ?? {});
  },
  async secret(name) {
    const found = await api.find<V1Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`);
    if (!found) return undefined;
    const entries = Object.entries(found.data ?? {});
    return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
  },
});

const readAll = async (
  sources: Sources,
  { configMapRef, secretRef, prefix = "" }: V1EnvFromSource,
): Promise<Values> => {
  const name = configMapRef?.name ?? secretRef?.name ?? "";
  const values = configMapRef ? await sources.configMap(name) : await sources.secret(name);
  if (!values && !(configMapRef ?? secretRef)?.optional) throw new MissingReference(`there is no "${name}"`);
  return Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [prefix + key, value]));
};

const readOne = async (
  sources: Sources,
  readField: (path: string) => string,
  { name, value = "", valueFrom }: V1EnvVar,
  before: Values,
): Promise<string | undefined> => {
  if (!valueFrom) return expand(value, before);
  const { configMapKeyRef, secretKeyRef, fieldRef } = valueFrom;
  if (fieldRef) return readField(fieldRef.fieldPath);
  const ref = configMapKeyRef ?? secretKeyRef;
  if (!ref) throw new Error(`unable to resolve ${name}; its source is none that this kubelet knows`);
  const values = await (configMapKeyRef ? sources.configMap : sources.secret)(ref.name ?? "");
  const found = values?.[ref.key];
  if (found === undefined && !ref.optional) throw new MissingReference(`there is no key ${ref.key} in "${ref.name}"`);
  return found;
};

/** `$(NAME)` of a variable that is there; `$$(NAME)` stays `$(NAME)`. */
const expand = (value: string, values: Values): string =>
  value.replace(/\$(\$\([^)]*\))|\$\(([^)]*)\)/g, (whole, escaped: string | undefined, name: string) =>
    escaped === undefined ? (values[name] ?? whole) : escaped,
  );

const readFieldOf =
  ({ metadata, spec }: V1Pod, podIp: string) =>
  (path: string): string => {
    const [, part, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
    if (part !== undefined && key !== undefined) return metadata?.[part as "labels" | "annotations"]?.[key] ?? "";
    const fields: Values = {
      "metadata.name": metadata?.name ?? "",
      "metadata.namespace": metadata?.namespace ?? "",
      "metadata.uid": metadata?.uid ?? "",
      "spec.nodeName": spec?.nodeName ?? "",
      "spec.serviceAccountName": spec?.serviceAccountName ?? "",
      "status.hostIP": "127.0.0.1",
      "status.podIP": podIp,
    };
    const value = fields[path];
    if (value === undefined) throw new Error(`unable to resolve ${path}; this kubelet does not know the field`);
    return value;
  };
