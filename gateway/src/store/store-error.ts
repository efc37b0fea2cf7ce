/**
 * - `unavailable`: the database does not answer or cannot serve now; whether it did anything is unknown
 * - `locked`: somebody else holds a lock for too long; nothing was done
 * - `read_only`: the database takes no writes now; nothing was done
 * - `conflict`: a key is taken
 * - `missing`: a row that the statement refers to is not there
 * - `fenced`: an operator writes whose leadership is over; nothing was done
 * - `unbound`: an operator writes for a resource that does not have the tenant; nothing was done
 * - `broken`: a defect of ours
 */
export type StoreErrorKind =
  | "unavailable"
  | "locked"
  | "read_only"
  | "conflict"
  | "missing"
  | "fenced"
  | "unbound"
  | "broken";

/** An error of the database, without its text: that may name other tenants' rows. The cause is for the log. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly kind: StoreErrorKind;
  /** Name of the constraint, for `conflict` and `missing`. */
  readonly constraint: string | undefined;

  constructor(kind: StoreErrorKind, cause: unknown, constraint?: string) {
    super(`unable to use the database; ${kind}`, { cause });
    this.kind = kind;
    this.constraint = constraint;
  }
}

/** True if the same call may work later. */
export const isTransient = (error: unknown): boolean =>
  error instanceof StoreError &&
  (error.kind === "unavailable" || error.kind === "locked" || error.kind === "read_only");

/** Classifies whatever the driver threw. SQLSTATE classes: PostgreSQL manual, appendix A. */
export const toStoreError = (error: unknown): StoreError => {
  if (error instanceof StoreError) return error;
  const { code, constraint } = error as { code?: unknown; constraint?: string };
  if (typeof code !== "string") return new StoreError("unavailable", error);
  if (code === "23505") return new StoreError("conflict", error, constraint);
  if (code === "23503") return new StoreError("missing", error, constraint);
  if (code === "55P03") return new StoreError("locked", error);
  if (code === "25006") return new StoreError("read_only", error);
  // Ours: functions of migration 0011.
  if (code === "SF001") return new StoreError("fenced", error);
  if (code === "SF002") return new StoreError("unbound", error);
  if (isUnavailable(code)) return new StoreError("unavailable", error);
  return new StoreError("broken", error);
};

// 08 connection, 40 rollback (deadlock, serialization), 53 out of resources, 57 operator intervention (cancelled, timed
// out, shutting down), 58 system error; a prepared statement that a migration (0A000) or a pooler (26000) made void, which
// a fresh connection prepares anew. XX000 is ours. Node's codes start with E.
const isUnavailable = (code: string): boolean =>
  /^(08|40|53|57|58)/.test(code) || code === "0A000" || code === "26000" || /^E[A-Z]/.test(code);
