import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../kube/kube-object.ts";

/** The paths in which two states of an object differ, but for the server's own bookkeeping. */
export const listChangedFields = (before: KubeObject | undefined, after: KubeObject): readonly string[] =>
  before ? listDifferences(before, after, "").filter((path) => !bookkeeping.has(path)) : ["everything"];

const bookkeeping: ReadonlySet<string> = new Set([
  "metadata.managedFields",
  "metadata.resourceVersion",
  "metadata.generation",
  "metadata.creationTimestamp",
  "metadata.uid",
]);

const listDifferences = (before: unknown, after: unknown, path: string): readonly string[] => {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isRecord(before) || !isRecord(after) || bookkeeping.has(path)) return [path];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) =>
    listDifferences(before[name], after[name], path === "" ? name : `${path}.${name}`),
  );
};

/** Items of lists are told by their place. */
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
