import type { Logger } from "pino";
import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeObject, ObjectRef, Resource } from "../kube/kube-object.ts";
import { listChangedFields } from "./changed-fields.ts";
import { createImaginedObjects } from "./imagined-objects.ts";

/**
 * Tells what each write would change: a line with the object, the verb and the paths of the fields, never their values. The
 * client below it sends writes as dry runs, so that the API server's own defaults, rules and admission are in the answer.
 * What it has told once it does not tell again on every visit. `lookUp` answers what a write would be upon.
 */
export const createDryRunClient = (
  client: KubeClient,
  logger: Logger,
  lookUp: KubeClient["get"] = client.get,
): KubeClient => {
  const told = new Set<string>();
  const imagined = createImaginedObjects();
  const tell = (
    verb: string,
    { kind, plural }: Resource,
    ref: ObjectRef,
    subresource: string | undefined,
    fields: readonly string[],
  ): void => {
    if (fields.length === 0 || unkept.has(plural)) return;
    const object = `${kind}${subresource === undefined ? "" : `/${subresource}`} ${ref.namespace}/${ref.name}`;
    const line = JSON.stringify([verb, object, fields]);
    if (told.has(line)) return;
    if (told.size >= toldMax) told.clear();
    told.add(line);
    logger.info({ verb, object, fields }, "would change");
  };
  const toRef = ({ metadata }: KubeObject): ObjectRef => ({ namespace: metadata.namespace ?? "", name: metadata.name });
  return {
    ...client,
    async create(resource, object) {
      const created = await client.create(resource, object);
      tell("create", resource, toRef(object), undefined, ["everything"]);
      return created;
    },
    async apply(resource, object, options) {
      const before = await lookUp(resource, toRef(object));
      // A subresource of what is only thought of cannot be written, not even in thought.
      if (!before && options.subresource !== undefined) return object;
      const after = await client.apply(resource, object, options);
      const fields =
        options.subresource === "scale" ? ["spec.replicas"] : listChangedFields(before, after).filter(isKnown);
      tell(before ? "apply" : "create", resource, toRef(object), options.subresource, fields);
      return options.subresource === "scale" ? after : imagined.join(after, options.subresource ?? "object");
    },
    async patch(resource, ref, patch, options) {
      if (unkept.has(resource.plural)) return await client.patch(resource, ref, patch, options);
      const before = await lookUp(resource, ref);
      const after = await client.patch(resource, ref, patch, options);
      tell("patch", resource, ref, options?.subresource, listChangedFields(before, after));
      return imagined.join(after, options?.subresource === "status" ? "status" : "object");
    },
    async replace(resource, object) {
      const before = await lookUp(resource, toRef(object));
      const after = await client.replace(resource, object);
      tell("update", resource, toRef(object), undefined, listChangedFields(before, after));
      return after;
    },
    async delete(resource, ref, options) {
      const there = await client.delete(resource, ref, options);
      if (there) tell("delete", resource, ref, undefined, ["everything"]);
      return there;
    },
  };
};

/** Told apart up to this many; then all are told once more. */
const toldMax = 100_000;

/** What only the database could tell; the values that stand for it here are no change. */
const isKnown = (field: string): boolean => field !== "data.databaseUrl" && field !== "data.tenantKey";

/** Not told: Events and Leases are not written in a dry run at all, and which pod is marked depends on the minute. */
const unkept: ReadonlySet<string> = new Set(["events", "leases", "pods"]);
