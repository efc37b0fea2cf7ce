import type { Cache } from "../kube/cache.ts";
import type { KubeObject, ObjectKey } from "../kube/kube-object.ts";
import { toKey } from "../kube/kube-object.ts";

/**
 * Read your writes: a watch tells of a write only after its answer has come, and a visit in between would begin with a state
 * that this process has itself replaced, be refused by the API server (409), and come again later for nothing.
 *
 * What was written is believed for as long as the watch shows the version that it was written upon, or one before it that
 * was replaced in the same way; with any other version the watch is ahead, and is believed.
 */
export interface WrittenMemory<T extends KubeObject> {
  /** The cache, with what was written where that is newer. */
  readonly cache: Cache<T>;
  /** `after` is the answer to a write that was bound to the version of `before`. */
  remember(before: T, after: T): void;
}

interface Written<T> {
  readonly replaced: ReadonlySet<string>;
  readonly object: T;
}

export const createWrittenMemory = <T extends KubeObject>(cache: Cache<T>): WrittenMemory<T> => {
  const written = new Map<ObjectKey, Written<T>>();
  const look = (key: ObjectKey, told: T | undefined): T | undefined => {
    const found = written.get(key);
    if (!found) return told;
    if (told && found.replaced.has(versionOf(told))) return found.object;
    written.delete(key);
    return told;
  };
  return {
    cache: {
      get: (key) => look(key, cache.get(key)),
      list: () => (written.size === 0 ? cache.list() : cache.list().map((told) => look(keyOf(told), told) ?? told)),
      get synced() {
        return cache.synced;
      },
    },
    remember(before, after) {
      const key = keyOf(before);
      const found = written.get(key);
      const follows = found !== undefined && versionOf(found.object) === versionOf(before);
      written.set(key, { replaced: new Set([...(follows ? found.replaced : []), versionOf(before)]), object: after });
    },
  };
};

const versionOf = ({ metadata }: KubeObject): string => metadata.resourceVersion ?? "";

const keyOf = ({ metadata: { namespace = "", name } }: KubeObject): ObjectKey => toKey({ namespace, name });
