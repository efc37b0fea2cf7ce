import type { KubeClient } from "./kube-client.ts";
import { KubeError } from "./kube-error.ts";
import type { KubeObject, ObjectRef, Resource } from "./kube-object.ts";
import type { Target } from "./paths.ts";
import { toQuery } from "./paths.ts";
import type { KubeRequest } from "./send-request.ts";

/** The calls of a client that change something. */
export type KubeWrites = Pick<KubeClient, "create" | "apply" | "patch" | "replace" | "delete">;

/**
 * In a dry run the server checks each write as any other and forgets it (`dryRun=All`). Leases and Events are not sent
 * then: a Lease that is not kept would be asked for again and again, and an Event tells of what did not happen.
 */
export const createKubeWrites = (call: (request: KubeRequest) => Promise<object>, dryRun: boolean): KubeWrites => {
  const dry = dryRun ? { dryRun: "All" } : {};
  const isSkipped = ({ plural }: Resource): boolean => dryRun && (plural === "leases" || plural === "events");
  return {
    async create<T extends KubeObject>(resource: Resource<T>, object: T) {
      if (isSkipped(resource)) return object;
      const target = { resource, namespace: object.metadata.namespace };
      return (await call({ verb: "create", target, query: toQuery(dry), body: object })) as T;
    },
    async apply<T extends KubeObject>(resource: Resource<T>, object: T, { manager, subresource }: ApplyArguments) {
      if (isSkipped(resource)) return object;
      const target = { ...toTarget(resource, object), subresource };
      const query = toQuery({ fieldManager: manager, force: true, ...dry });
      // JSON is YAML.
      const contentType = "application/apply-patch+yaml";
      return (await call({ verb: "patch", target, query, body: object, contentType })) as T;
    },
    async patch<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, patch: object, options?: PatchOptions) {
      if (isSkipped(resource)) {
        const { apiVersion, kind } = resource;
        return { apiVersion, kind, metadata: ref, ...patch } as unknown as T;
      }
      const target = { resource, ...ref, subresource: options?.subresource };
      const query = toQuery({ fieldManager: options?.manager, ...dry });
      const contentType = "application/merge-patch+json";
      return (await call({ verb: "patch", target, query, body: patch, contentType })) as T;
    },
    async replace<T extends KubeObject>(resource: Resource<T>, object: T) {
      if (isSkipped(resource)) return object;
      const target = toTarget(resource, object);
      return (await call({ verb: "update", target, query: toQuery(dry), body: object })) as T;
    },
    async delete(resource, ref, { uid, propagation } = {}) {
      if (isSkipped(resource)) return false;
      const body = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        ...(uid === undefined ? {} : { preconditions: { uid } }),
        ...(propagation === undefined ? {} : { propagationPolicy: propagation }),
      };
      try {
        await call({ verb: "delete", target: { resource, ...ref }, query: toQuery(dry), body });
        return true;
      } catch (error) {
        if (isGone(error, uid)) return false;
        throw error;
      }
    },
  };
};

type ApplyArguments = Parameters<KubeClient["apply"]>[2];
type PatchOptions = Parameters<KubeClient["patch"]>[3];

const toTarget = (resource: Resource, { metadata: { namespace, name } }: KubeObject): Target => ({
  resource,
  namespace,
  name,
});

/** 409 with a uid given: another object has the name by now, so the one that was meant is gone. */
const isGone = (error: unknown, uid: string | undefined): boolean =>
  error instanceof KubeError && (error.status === 404 || (error.status === 409 && uid !== undefined));
