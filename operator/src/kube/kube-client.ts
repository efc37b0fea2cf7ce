import type { KubeObject, ObjectRef, Resource } from "./kube-object.ts";
import type { ServerRecovery } from "./server-recovery.ts";

/** A page of objects, as a list answers. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Where the next page begins; absent after the last. */
  readonly continueToken?: string;
}

export interface ListOptions {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continueToken?: string;
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  /** How long the server keeps the watch open. */
  readonly timeoutSeconds: number;
}

export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string }
  | { readonly type: "ERROR"; readonly status: number; readonly message: string };

export interface ApplyOptions {
  /** The field manager: one for each concern, so that none takes away what another wrote. */
  readonly manager: string;
  readonly subresource?: "status" | "scale";
}

export interface DeleteOptions {
  /** Only this very object: one made anew under the same name stays. */
  readonly uid?: string;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
}

/**
 * The API server as the operator uses it: JSON in, JSON out, one connection pool, every call bounded in time and counted.
 * All methods throw `KubeError` for an answer that is not a success and `KubeUnreachable` when there was none.
 */
export interface KubeClient {
  /** Undefined when there is no such object. */
  get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): Promise<T | undefined>;
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /** Events until the server ends the watch, the signal aborts it, or an error is thrown. Asks for bookmarks. */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>>;
  /** Throws `KubeError` 409 `AlreadyExists` when there is one. */
  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
  /** Server-side apply, forced: what is given is owned by the manager afterwards, what it gave before and not now goes. */
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T>;
  /** JSON merge patch (RFC 7396). With a `metadata.resourceVersion` in it, 409 when the object has changed since. */
  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    options?: { readonly manager?: string; readonly subresource?: "status" | "scale" },
  ): Promise<T>;
  /** Replaces a whole object; 409 when its resourceVersion is not the current one. Leases are moved so. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
  /** True when there was one to delete. */
  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;
  /** Is this kind served? Remembered for a minute, a no for 5 s: Gateway API and metrics are optional in a cluster. */
  serves(resource: Resource): Promise<boolean>;
  /** Tells when the server answers again after calls that it did not answer. */
  readonly recovery: ServerRecovery;
  [Symbol.asyncDispose](): Promise<void>;
}
