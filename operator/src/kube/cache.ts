import type { KubeObject, ObjectKey } from "./kube-object.ts";

/** The objects of a kind as a watch last told of them. Objects are shared: nobody changes them. */
export interface Cache<T extends KubeObject> {
  get(key: ObjectKey): T | undefined;
  list(): readonly T[];
  /** Is what is here a whole list, and not older than the last word of the watch? */
  readonly synced: boolean;
}

/** What became of an object. `before` is absent for a new one, `after` for one that is gone. */
export interface CacheChange<T> {
  readonly key: ObjectKey;
  readonly before?: T;
  readonly after?: T;
}
