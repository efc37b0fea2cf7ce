/**
 * By which fields the items of a list are told apart, as server-side apply does it (`listType=map` and `listMapKey` of the
 * types in `k8s.io/api`): several owners then have items in one list. Undefined for a list that has one owner as a whole.
 * `path` begins with the kind and ends with the list's name.
 */
export const findListKeys = (path: readonly string[]): readonly ListKey[] | undefined => {
  const [kind = "", holder, list = ""] = [path[0], path.at(-2), path.at(-1)];
  if (list === "ports") return findPortKeys(kind, path);
  if (list === "ownerReferences" && holder === "metadata") return [{ name: "uid" }];
  return kind === "Deployment" ? podLists[list] : undefined;
};

export interface ListKey {
  readonly name: string;
  /** What the server puts where it is not stated. */
  readonly otherwise?: string;
}

/** The item's key as a text; an item that is no record, or has none of the keys, equals only its like. */
export const toItemKey = (item: unknown, keys: readonly ListKey[] | undefined): string => {
  const record = (typeof item === "object" && item !== null ? item : {}) as Readonly<Record<string, unknown>>;
  return JSON.stringify((keys ?? []).map(({ name, otherwise }) => record[name] ?? otherwise ?? null));
};

const protocol: ListKey = { name: "protocol", otherwise: "TCP" };

const findPortKeys = (kind: string, path: readonly string[]): readonly ListKey[] | undefined => {
  if (kind === "Service") return [{ name: "port" }, protocol];
  if (kind === "Deployment" && path.includes("containers")) return [{ name: "containerPort" }, protocol];
  return undefined;
};

const podLists: Readonly<Record<string, readonly ListKey[]>> = {
  containers: [{ name: "name" }],
  initContainers: [{ name: "name" }],
  env: [{ name: "name" }],
  volumes: [{ name: "name" }],
  volumeMounts: [{ name: "mountPath" }],
  imagePullSecrets: [{ name: "name" }],
  topologySpreadConstraints: [{ name: "topologyKey" }, { name: "whenUnsatisfiable" }],
};
