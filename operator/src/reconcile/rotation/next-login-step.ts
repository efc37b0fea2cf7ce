/**
 * The same machine for the login that a Tenant's gateways have in the database: its password stands in a Secret before the
 * database has the login, and the one before stays until the last pod that started with it is gone. Rules: SPEC.md.
 */
export const nextLoginStep = ({ held, policy, databaseTime, inUse }: LoginInput): LoginStep => {
  const now = Date.parse(databaseTime);
  if (held.pendingId !== undefined) return { do: "promote", id: held.pendingId };
  if (held.current === undefined) return { do: "write-pending" };
  if (held.current.statedId !== held.current.id) return { do: "write-pending" };
  const dueAtMs = toDueMs(held.current.createdAt, policy);
  // Pods of three generations at once would be two rollouts in one.
  if (held.retiring.length > 0) {
    return inUse ? { do: "nothing", afterMs: podsLookedAtMs } : { do: "remove-others", keepId: held.current.id };
  }
  if (dueAtMs !== undefined && dueAtMs <= now) return { do: "write-pending" };
  return { do: "nothing", ...(dueAtMs !== undefined && { afterMs: dueAtMs - now }) };
};

/** What the Secret says of the login, by fingerprint. */
export interface HeldLogin {
  readonly current?: {
    /** Of the password in the URL. */
    readonly id: string;
    /** Beside it: another one when somebody changed the URL. */
    readonly statedId?: string;
    /** By the database's clock; absent when nothing says so. */
    readonly createdAt?: string;
  };
  readonly pendingId?: string;
  /** Logins that pods may still use. */
  readonly retiring: readonly string[];
}

export interface LoginInput {
  readonly held: HeldLogin;
  /** Absent: age asks for nothing. */
  readonly policy: { readonly rotateEverySeconds?: number };
  readonly databaseTime: string;
  /** Is there a pod that may have started with a login that is retiring? */
  readonly inUse: boolean;
}

export type LoginStep =
  /** Write a new password into the Secret, beside the login in force. */
  | { readonly do: "write-pending" }
  /** Make the login in the database, then write into the Secret what pods start with. */
  | { readonly do: "promote"; readonly id: string }
  | { readonly do: "remove-others"; readonly keepId: string }
  | { readonly do: "nothing"; readonly afterMs?: number };

/** Pods are not watched: that the last one is gone is noticed within this. */
const podsLookedAtMs = 10_000;

const toDueMs = (createdAt: string | undefined, { rotateEverySeconds }: LoginInput["policy"]): number | undefined =>
  rotateEverySeconds === undefined || createdAt === undefined
    ? undefined
    : Date.parse(createdAt) + rotateEverySeconds * 1000;
