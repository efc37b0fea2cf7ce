import type { Cache, CacheChange } from "./cache.ts";
import type { KubeObject, ObjectKey } from "./kube-object.ts";
import { toKey } from "./kube-object.ts";

/** The objects that a reflector knows, and what changes about them. */
export interface ObjectStore<T extends KubeObject> {
  readonly cache: Cache<T>;
  /** Takes a whole list for what there is: what is not on it was deleted while nobody watched. */
  replace(objects: readonly T[]): void;
  put(object: T): void;
  remove(object: T): void;
}

/** `onChange` hears of every change after it is in the cache, and of nothing that only repeats what was known. */
export const createObjectStore = <T extends KubeObject>(onChange: (change: CacheChange<T>) => void): ObjectStore<T> => {
  const objects = new Map<ObjectKey, T>();
  let synced = false;
  const put = (object: T): void => {
    const key = keyOf(object);
    const before = objects.get(key);
    const after = withoutManagedFields(object);
    if (before && isSame(before, after)) return;
    objects.set(key, after);
    onChange(before ? { key, before, after } : { key, after });
  };
  const removeKey = (key: ObjectKey): void => {
    const before = objects.get(key);
    if (!before) return;
    objects.delete(key);
    onChange({ key, before });
  };
  return {
    cache: {
      get: (key) => objects.get(key),
      list: () => [...objects.values()],
      get synced() {
        return synced;
      },
    },
    replace(list) {
      const listed = new Set(list.map(keyOf));
      for (const key of [...objects.keys()]) if (!listed.has(key)) removeKey(key);
      for (const object of list) put(object);
      synced = true;
    },
    put,
    remove: (object) => removeKey(keyOf(object)),
  };
};

export const keyOf = ({ metadata: { namespace = "", name } }: KubeObject): ObjectKey => toKey({ namespace, name });

/** Of one object the same resourceVersion is the same content; that it is a text without order does not matter here. */
const isSame = (before: KubeObject, after: KubeObject): boolean =>
  before.metadata.uid === after.metadata.uid && before.metadata.resourceVersion === after.metadata.resourceVersion;

/** Who owns which field is half of an object's bytes, and nobody here reads it. */
const withoutManagedFields = <T extends KubeObject>(object: T): T => {
  if (!("managedFields" in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
};
