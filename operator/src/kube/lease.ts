import type { KubeObject, ObjectMeta, ObjectRef, Resource } from "./kube-object.ts";
import { toMicroTime } from "./micro-time.ts";

/** A Lease of coordination.k8s.io/v1. Times are RFC 3339 texts with microseconds. */
export interface Lease extends KubeObject {
  readonly metadata: ObjectMeta;
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  /** Empty or absent when nobody holds it. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export const leases: Resource<Lease> = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases" };

/** The record of a holder: renewed when it is ours, a transition more when it was another's or nobody's. */
export const toHeldSpec = (
  found: LeaseSpec | undefined,
  { identity, durationMs, date }: { readonly identity: string; readonly durationMs: number; readonly date: Date },
): LeaseSpec => {
  const now = toMicroTime(date);
  const renewed = { holderIdentity: identity, leaseDurationSeconds: durationMs / 1000, renewTime: now };
  if (!found) return { ...renewed, acquireTime: now, leaseTransitions: 0 };
  if (found.holderIdentity === identity) return { ...found, ...renewed };
  return { ...renewed, acquireTime: now, leaseTransitions: (found.leaseTransitions ?? 0) + 1 };
};

/** The record of nobody, which the next one takes at once. */
export const toReleasedSpec = (found: LeaseSpec, date: Date): LeaseSpec => {
  const now = toMicroTime(date);
  return { ...found, holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
};

/** On the Lease: the number of the leadership, where it is greater than the Lease alone would make it. */
const fenceAnnotation = "chat.sendsar.com/fence";

/**
 * The metadata of a Lease that goes to another holder, whose record is `spec`: its number will be greater than that of every holder
 * before, and than `floor`. Written together, upon the version that was found, so that no two can have the same.
 */
export const toTakenMeta = (found: Lease, spec: LeaseSpec, floor: number, date: Date): ObjectMeta => {
  const { [fenceAnnotation]: _, ...annotations } = found.metadata.annotations ?? {};
  const metadata = { ...found.metadata, annotations };
  const over = Math.max(toFence(found, date), floor);
  if (toFence({ ...found, metadata, spec }, date) > over) return metadata;
  return { ...metadata, annotations: { ...annotations, [fenceAnnotation]: String(over + 1) } };
};

/** The metadata of a Lease that is made: its number will be greater than `floor`. */
export const toNewMeta = ({ namespace, name }: ObjectRef, floor: number): ObjectMeta =>
  floor === 0 ? { namespace, name } : { namespace, name, annotations: { [fenceAnnotation]: String(floor + 1) } };

/**
 * When the Lease was made, in seconds, and how often it went over since: a Lease that was deleted and made anew counts
 * its transitions from 0 again, and a fence must not go back. Or what its annotation says, if that is more. Fits into 53 bits,
 * and into a bigint of the database. `date` stands in where no server gave a time (a dry run).
 */
export const toFence = ({ metadata, spec }: Lease, date: Date): number => {
  const madeAt = Date.parse(metadata.creationTimestamp ?? date.toISOString());
  const byItself = Math.floor(madeAt / 1000) * 2 ** 20 + (spec?.leaseTransitions ?? 0);
  const stated = Number(metadata.annotations?.[fenceAnnotation] ?? 0);
  // Somebody may have written anything there.
  return Number.isSafeInteger(stated) ? Math.max(byItself, stated) : byItself;
};
