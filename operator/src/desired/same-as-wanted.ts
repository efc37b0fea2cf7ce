import type { KubeObject } from "../kube/kube-object.ts";
import { findListKeys, toItemKey } from "./list-keys.ts";
import { toBillionths } from "./quantity.ts";

/**
 * Is a live object already what is wanted, in the fields that are wanted? Then an apply of it would write nothing, and none
 * is sent. Fields that we do not state belong to others: defaults of the server, a sidecar, an annotation of somebody's tool.
 * A field that we stated once and no longer do is noticed by the hash of the wanted object, which is one of its annotations.
 */
export const sameAsWanted = (live: KubeObject, wanted: KubeObject): boolean =>
  findDifference(live, wanted) === undefined;

/**
 * The path of the first wanted field that differs, for the log: `spec.template.spec.containers.0.image`. Undefined when
 * there is none. Values are not told: they may be secret.
 */
export const findDifference = (live: KubeObject, wanted: KubeObject): string | undefined =>
  differAt(live, wanted, [wanted.kind])?.slice(1).join(".");

type Path = readonly string[];

const differAt = (live: unknown, wanted: unknown, path: Path): Path | undefined => {
  if (wanted === undefined) return undefined;
  if (Array.isArray(wanted)) return differInList(live, wanted, path);
  if (isAbsent(wanted)) return isAbsent(live) ? undefined : path;
  if (isRecord(wanted)) return differInRecord(live, wanted, path);
  return sameScalar(live, wanted, path) ? undefined : path;
};

/** The server keeps no empty text and no empty list: what it leaves out is what we gave it. An empty record has a meaning. */
const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const differInRecord = (live: unknown, wanted: Readonly<Record<string, unknown>>, path: Path): Path | undefined => {
  if (!isRecord(live)) return path;
  for (const [name, value] of Object.entries(wanted)) {
    const difference = differAt(Object.hasOwn(live, name) ? live[name] : undefined, value, [...path, name]);
    if (difference) return difference;
  }
  return undefined;
};

const differInList = (live: unknown, wanted: readonly unknown[], path: Path): Path | undefined => {
  const keys = findListKeys(path);
  // Of a list that others have items in, an empty one asks for nothing.
  if (wanted.length === 0) return keys || isAbsent(live) ? undefined : path;
  if (!Array.isArray(live)) return path;
  // A list without keys is one value of one owner: what somebody added to it is a change of it.
  if (!keys && live.length !== wanted.length) return path;
  const liveByKey = keys && new Map(live.map((item: unknown) => [toItemKey(item, keys), item]));
  for (const [index, item] of wanted.entries()) {
    const other: unknown = liveByKey ? liveByKey.get(toItemKey(item, keys)) : live[index];
    const difference = differAt(other, item, [...path, String(index)]);
    if (difference) return difference;
  }
  return undefined;
};

const sameScalar = (live: unknown, wanted: unknown, path: Path): boolean =>
  live === wanted || (isQuantityAt(path) && sameQuantity(live, wanted));

const sameQuantity = (live: unknown, wanted: unknown): boolean => {
  const amount = readQuantity(wanted);
  return amount !== undefined && amount === readQuantity(live);
};

const readQuantity = (value: unknown): bigint | undefined =>
  typeof value === "string" || typeof value === "number" ? toBillionths(value) : undefined;

/** Only here: an environment variable of `1000m` is not one of `1`. */
const isQuantityAt = (path: Path): boolean => {
  const [holder, list, name] = [path.at(-3), path.at(-2), path.at(-1)];
  if (holder === "resources" && (list === "requests" || list === "limits")) return true;
  return (list === "emptyDir" && name === "sizeLimit") || (list === "target" && name === "averageValue");
};
