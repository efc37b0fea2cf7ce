import type { StoredCredential } from "../../database/tenant-registry.ts";

/**
 * What to do next for a credential whose plain text is in a Secret and whose hash is in the database: a pure function of
 * what is there, so that a visit may end anywhere and the next one goes on. The rules stand in SPEC.md.
 */
export const nextStep = (input: RotationInput): Step => {
  const { held, rows } = input;
  if (held.pending) return finishPending(held, held.pending, rows);
  const current = rows.find(({ id }) => id === held.currentId);
  if (!current || current.expiresAt !== undefined) return begin(input, findLoss(input, current), "forced");
  return keepUp(input, current);
};

/** A credential that is in force needs its successor when it is due, and nothing beside it that never ends. */
export const keepUp = (input: PolicyInput, current: StoredCredential): Step => {
  const { rows, policy } = input;
  const now = Date.parse(input.databaseTime);
  if (rows.some(({ id, expiresAt }) => id !== current.id && expiresAt === undefined)) {
    return { do: "expire-others", keepId: current.id, overlapSeconds: policy.overlapSeconds };
  }
  if (rows.some((row) => isOver(row, now))) return { do: "remove-expired" };
  const dueAtMs = toDueMs(current, policy);
  if (input.tokenChanged) return begin(input, "token", "asked");
  if (dueAtMs !== undefined && dueAtMs <= now) return begin(input, "age", "asked");
  return { do: "nothing", ...toWait(now, [dueAtMs, ...listEnds(rows)]) };
};

/** At most so many credentials of a kind work beside the one in force: a fight over a Secret ends in a pause, not in a heap. */
export const retiringMax = 10;

/** A credential in the Secret, by its fingerprint; `wellFormed` says that it could be one at all. */
export interface HeldCredential {
  readonly id: string;
  readonly wellFormed: boolean;
}

/** What the Secret says of one kind. */
export interface Held {
  /** The fingerprint of the plain text that its readers use. */
  readonly currentId?: string;
  /** The id that stands beside it. */
  readonly statedId?: string;
  /** The next one, before it is in force. */
  readonly pending?: HeldCredential;
}

/** How long a credential lives, and how long the one before it. */
export interface RotationPolicy {
  /** Absent: age asks for nothing. */
  readonly rotateEverySeconds?: number;
  readonly overlapSeconds: number;
}

export interface PolicyInput {
  /** Of this kind, from the database. */
  readonly rows: readonly StoredCredential[];
  readonly policy: RotationPolicy;
  /** Was the token of the spec changed since the credential in force was made? */
  readonly tokenChanged: boolean;
  /** The database's clock. */
  readonly databaseTime: string;
}

export interface RotationInput extends PolicyInput {
  readonly held: Held;
}

/** Why there is a new credential. */
export type RotationCause =
  /** There was none. */
  | "created"
  /** The Secret, or the value in it, is gone. */
  | "secret-lost"
  /** The value in the Secret is another than the one beside whose id it stands. */
  | "altered"
  /** The database has no row of it. */
  | "unknown"
  /** The database says that it ends: somebody else made a newer one. */
  | "replaced"
  | "age"
  | "token";

export type Step =
  /** Write a new one into the Secret beside the one in force. */
  | { readonly do: "write-pending"; readonly cause: RotationCause }
  /** Tell the database of the pending one: from now on it works. */
  | { readonly do: "insert"; readonly id: string }
  /** The pending one becomes the one that the Secret's readers see. */
  | { readonly do: "promote"; readonly id: string }
  /** The pending one cannot come into force. */
  | { readonly do: "drop-pending" }
  | { readonly do: "expire-others"; readonly keepId: string; readonly overlapSeconds: number }
  | { readonly do: "remove-expired" }
  /** A new one is needed, and too many still work. */
  | { readonly do: "wait"; readonly cause: RotationCause; readonly afterMs: number }
  /** All is as it should be, until then. */
  | { readonly do: "nothing"; readonly afterMs?: number };

/** Where a visit ends. */
export type Rest = Extract<Step, { do: "nothing" | "wait" }>;

const finishPending = (held: Held, pending: HeldCredential, rows: readonly StoredCredential[]): Step => {
  if (!pending.wellFormed || pending.id === held.currentId) return { do: "drop-pending" };
  const row = rows.find(({ id }) => id === pending.id);
  if (!row) return { do: "insert", id: pending.id };
  return row.expiresAt === undefined ? { do: "promote", id: pending.id } : { do: "drop-pending" };
};

const findLoss = ({ held, rows }: RotationInput, current: StoredCredential | undefined): RotationCause => {
  if (held.currentId === undefined) return rows.length === 0 ? "created" : "secret-lost";
  if (held.statedId !== undefined && held.statedId !== held.currentId) return "altered";
  return current ? "replaced" : "unknown";
};

/** When there are too many already: what must be waits, and what was asked for waits too, with the old one in force. */
const begin = (input: PolicyInput, cause: RotationCause, need: "forced" | "asked"): Step => {
  const now = Date.parse(input.databaseTime);
  const ends = listEnds(input.rows).filter((end) => end >= now);
  if (ends.length < retiringMax) return { do: "write-pending", cause };
  const afterMs = Math.min(...ends) - now + 1;
  return need === "forced" ? { do: "wait", cause, afterMs } : { do: "nothing", afterMs };
};

const listEnds = (rows: readonly StoredCredential[]): number[] =>
  rows.flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : [Date.parse(expiresAt)]));

/** Strictly: `Date` has no microseconds, and what ends in this very millisecond may still be in force. */
const isOver = ({ expiresAt }: StoredCredential, now: number): boolean =>
  expiresAt !== undefined && Date.parse(expiresAt) < now;

const toDueMs = (current: StoredCredential, { rotateEverySeconds }: RotationPolicy): number | undefined =>
  rotateEverySeconds === undefined ? undefined : Date.parse(current.createdAt) + rotateEverySeconds * 1000;

const toWait = (now: number, moments: readonly (number | undefined)[]): { readonly afterMs?: number } => {
  const ahead = moments.filter((moment) => moment !== undefined);
  return ahead.length === 0 ? {} : { afterMs: Math.max(Math.min(...ahead) - now, 0) + 1 };
};
