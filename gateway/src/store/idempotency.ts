import { limits } from "@sendsar/protocol/limits";
import type { Db, Query, Statement } from "./db.ts";

/** Whose key it is: keys of two callers or two tenants never meet. */
export interface KeyOwner {
  readonly tenantId: string;
  /** The user whose session calls; empty for the backend. */
  readonly caller: string;
  readonly key: string;
}

/** What is known of a key when somebody calls with it. */
export type KeyState =
  /** It is the caller's: do the work, then `keepAnswer` or `releaseKey` with this moment. */
  | { readonly kind: "claimed"; readonly claimedAt: string }
  | { readonly kind: "answered"; readonly status: number; readonly body: unknown }
  /** Another call with it is under way. */
  | { readonly kind: "in_use" }
  /** It was used for another request. */
  | { readonly kind: "reused" };

/**
 * Claims a key for a request, unless it was used in the last `idempotencyHours`. The claim of a call that did not end
 * within `idempotencyTakeoverSeconds` goes to the next one with the same request: its gateway died. Of several calls at
 * the same time, on whatever gateways, one has the key. Removes a few keys of the tenant whose time is over.
 */
export const claimKey = async (db: Db, owner: KeyOwner, fingerprint: Buffer): Promise<KeyState> => {
  const { tenantId, caller, key } = owner;
  const [, claims, states] = await db.batch(tenantId, [
    { statement: clearOld, values: [tenantId, limits.idempotencyHours] },
    {
      statement: insertKey,
      values: [tenantId, caller, key, fingerprint, limits.idempotencyHours, limits.idempotencyTakeoverSeconds],
    },
    { statement: selectKey, values: [tenantId, caller, key, fingerprint] },
  ]);
  const [claim] = (claims ?? []) as unknown as readonly { readonly created_at: string }[];
  if (claim) return { kind: "claimed", claimedAt: claim.created_at };
  const [state] = (states ?? []) as unknown as readonly KeyRow[];
  // Between the two statements it was released, or its time was over.
  if (!state) return { kind: "in_use" };
  if (!state.same_request) return { kind: "reused" };
  return state.status === null ? { kind: "in_use" } : { kind: "answered", status: state.status, body: state.body };
};

interface KeyRow {
  readonly same_request: boolean;
  readonly status: number | null;
  readonly body: unknown;
}

// Whoever comes while another transaction inserts the key waits for it and then finds its row.
const insertKey: Statement = {
  name: "insert-idempotency-key",
  text: `
    insert into idempotency_keys as kept (tenant_id, caller, idempotency_key, fingerprint)
    values ($1, $2, $3, $4)
    on conflict (tenant_id, caller, idempotency_key) do update
      set fingerprint = excluded.fingerprint, status = null, body = null, created_at = excluded.created_at
      where kept.created_at <= now() - make_interval(hours => $5)
        or (kept.status is null and kept.fingerprint = excluded.fingerprint
          and kept.created_at <= now() - make_interval(secs => $6))
    returning created_at`,
};

const selectKey: Statement = {
  name: "select-idempotency-key",
  text: `
    select fingerprint = $4 as same_request, status, body from idempotency_keys
    where tenant_id = $1 and caller = $2 and idempotency_key = $3`,
};

// More than a call adds, so that they do not pile up; those that another call removes are left to it.
const clearOld: Statement = {
  name: "clear-idempotency-keys",
  text: `
    with old as (
      select tenant_id, caller, idempotency_key from idempotency_keys
      where tenant_id = $1 and created_at <= now() - make_interval(hours => $2)
      order by created_at limit 10 for update skip locked
    )
    delete from idempotency_keys using old
    where idempotency_keys.tenant_id = old.tenant_id and idempotency_keys.caller = old.caller
      and idempotency_keys.idempotency_key = old.idempotency_key`,
};

/** Keeps the answer to a call. Nothing happens when its claim has gone to another one meanwhile. */
export const keepAnswer = async (
  db: Db,
  { tenantId, caller, key }: KeyOwner,
  claimedAt: string,
  answer: { readonly status: number; readonly body: unknown },
): Promise<void> => {
  const values = [tenantId, caller, key, claimedAt, answer.status, JSON.stringify(answer.body)];
  await db.query(tenantId, updateKey, values);
};

const updateKey: Statement = {
  name: "update-idempotency-key",
  text: `
    update idempotency_keys set status = $5, body = $6::json
    where tenant_id = $1 and caller = $2 and idempotency_key = $3 and created_at = $4 and status is null`,
};

/** Gives a key back: the call did nothing that is worth keeping. */
export const releaseKey = async (db: Db, { tenantId, caller, key }: KeyOwner, claimedAt: string): Promise<void> => {
  await db.query(tenantId, deleteKey, [tenantId, caller, key, claimedAt]);
};

const deleteKey: Statement = {
  name: "delete-idempotency-key",
  text: `
    delete from idempotency_keys
    where tenant_id = $1 and caller = $2 and idempotency_key = $3 and created_at = $4 and status is null`,
};

/** Removes all keys of a user, and with them the answers that it got. */
export const deleteKeysOf = (tenantId: string, userId: string): Query => ({
  statement: deleteCallersKeys,
  values: [tenantId, userId],
});

const deleteCallersKeys: Statement = {
  name: "delete-idempotency-keys-of-caller",
  text: "delete from idempotency_keys where tenant_id = $1 and caller = $2",
};
