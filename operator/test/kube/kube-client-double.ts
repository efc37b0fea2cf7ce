import type { KubeClient } from "../../src/kube/kube-client.ts";
import { KubeError } from "../../src/kube/kube-error.ts";
import type { KubeObject, ObjectRef, Resource } from "../../src/kube/kube-object.ts";

/** The calls that an elector and an event recorder make. */
export type StoredCalls = Pick<KubeClient, "get" | "create" | "replace" | "patch">;

export interface Call {
  readonly verb: "get" | "create" | "replace" | "patch";
  readonly name: string;
}

/** Objects in memory that several clients share, with resourceVersions as the API server has them. */
export interface KubeStoreDouble {
  /** A client of its own. `before` runs before a call reaches the store, `after` before its answer comes back. */
  client(faults?: {
    readonly before?: (call: Call) => Promise<void> | void;
    readonly after?: (call: Call) => Promise<void> | void;
  }): StoredCalls;
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** What changed the store, in order. */
  readonly writes: readonly Call[];
  remove(name: string): void;
}

export const createKubeStoreDouble = (date: () => Date): KubeStoreDouble => {
  const objects = new Map<string, KubeObject>();
  const writes: Call[] = [];
  let revision = 0;
  const store = (call: Call, object: KubeObject): KubeObject => {
    writes.push(call);
    const metadata = { ...object.metadata, resourceVersion: String(++revision) };
    const stored = structuredClone({ ...object, metadata });
    objects.set(call.name, stored);
    return structuredClone(stored);
  };
  const require = (name: string): KubeObject => {
    const found = objects.get(name);
    if (!found) throw new KubeError(`no ${name}`, { status: 404, reason: "NotFound" });
    return found;
  };
  const handle = (call: Call, object: KubeObject): KubeObject | undefined => {
    const found = objects.get(call.name);
    switch (call.verb) {
      case "get":
        return structuredClone(found);
      case "create": {
        if (found) throw new KubeError(`there is ${call.name}`, { status: 409, reason: "AlreadyExists" });
        const made = { uid: `uid-${revision}`, creationTimestamp: date().toISOString() };
        return store(call, { ...object, metadata: { ...object.metadata, ...made } });
      }
      case "replace":
        if (require(call.name).metadata.resourceVersion !== object.metadata.resourceVersion)
          throw new KubeError(`${call.name} has changed`, { status: 409, reason: "Conflict" });
        return store(call, object);
      case "patch":
        return store(call, { ...require(call.name), ...object, metadata: require(call.name).metadata });
    }
  };
  return {
    client: ({ before, after } = {}) => {
      const run = async (call: Call, object: unknown): Promise<KubeObject | undefined> => {
        await before?.(call);
        const answer = handle(call, object as KubeObject);
        await after?.(call);
        return answer;
      };
      return {
        get: async <T extends KubeObject>(_: Resource<T>, { name }: ObjectRef) =>
          (await run({ verb: "get", name }, undefined)) as T | undefined,
        create: async <T extends KubeObject>(_: Resource<T>, object: T) =>
          (await run({ verb: "create", name: object.metadata.name }, object)) as T,
        replace: async <T extends KubeObject>(_: Resource<T>, object: T) =>
          (await run({ verb: "replace", name: object.metadata.name }, object)) as T,
        patch: async <T extends KubeObject>(_: Resource<T>, { name }: ObjectRef, patch: object) =>
          (await run({ verb: "patch", name }, patch)) as T,
      };
    },
    objects,
    writes,
    remove: (name) => void objects.delete(name),
  };
};
