import type { StoredCredential } from "../../database/tenant-registry.ts";
import type { CredentialStatus } from "../../tenant/tenant.ts";
import type { RotationPolicy } from "./next-step.ts";

export interface CredentialFacts {
  /** In force; absent while none is. */
  readonly currentId?: string;
  readonly rows: readonly StoredCredential[];
  readonly policy: RotationPolicy;
  readonly observedRotationToken: string;
  /** The database's clock. */
  readonly databaseTime: string;
}

/** What the status tells of a kind: ids and times, never a value. */
export const toCredentialStatus = (facts: CredentialFacts): CredentialStatus => {
  const { currentId, rows, policy, observedRotationToken } = facts;
  const current = rows.find(({ id }) => id === currentId);
  const retiring = listRetiring(facts);
  return {
    ...(current && { id: current.id, createdAt: toTime(current.createdAt) }),
    ...(current &&
      policy.rotateEverySeconds !== undefined && {
        notAfter: toTime(Date.parse(current.createdAt) + policy.rotateEverySeconds * 1000),
      }),
    observedRotationToken,
    ...(retiring.length > 0 && { retiring }),
  };
};

/** Those that still work beside it, the next to end first. */
const listRetiring = ({ rows, currentId, databaseTime }: CredentialFacts) =>
  rows
    .flatMap(({ id, expiresAt }) => (id === currentId || expiresAt === undefined ? [] : [{ id, revokeAt: expiresAt }]))
    .filter(({ revokeAt }) => Date.parse(revokeAt) > Date.parse(databaseTime))
    .toSorted((a, b) => Date.parse(a.revokeAt) - Date.parse(b.revokeAt))
    .map(({ id, revokeAt }) => ({ id, revokeAt: toTime(revokeAt) }));

/** The schema wants RFC 3339 (`date-time`). */
const toTime = (moment: string | number): string => new Date(moment).toISOString();
