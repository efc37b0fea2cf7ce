import { findListKeys, toItemKey } from "./list-keys.ts";

/**
 * The wanted object as a live one has it: every field that is stated, with the live value, and without what the live object
 * has not. By `sameAsWanted` the live object is then what is wanted, and any later change of it is seen.
 */
export const keepAsLive = <T extends { readonly kind: string }>(wanted: T, live: unknown): T =>
  keepAt(wanted, live, [wanted.kind]) as T;

const keepAt = (wanted: unknown, live: unknown, path: readonly string[]): unknown => {
  if (Array.isArray(wanted) && Array.isArray(live)) return keepList(wanted, live, path);
  if (isRecord(wanted) && isRecord(live)) return keepRecord(wanted, live, path);
  return live;
};

const keepRecord = (
  wanted: Readonly<Record<string, unknown>>,
  live: Readonly<Record<string, unknown>>,
  path: readonly string[],
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(wanted)
      .filter(([name, value]) => value !== undefined && Object.hasOwn(live, name))
      .map(([name, value]) => [name, keepAt(value, live[name], [...path, name])]),
  );

const keepList = (wanted: readonly unknown[], live: readonly unknown[], path: readonly string[]): unknown => {
  const keys = findListKeys(path);
  if (!keys) {
    // A list without keys is one value.
    return live.length === wanted.length
      ? wanted.map((item, index) => keepAt(item, live[index], [...path, String(index)]))
      : live;
  }
  const liveByKey = new Map(live.map((item) => [toItemKey(item, keys), item]));
  return wanted.flatMap((item, index) => {
    const other = liveByKey.get(toItemKey(item, keys));
    return other === undefined ? [] : [keepAt(item, other, [...path, String(index)])];
  });
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
