import { errors } from "@sendsar/protocol/errors";
import type { ErrorCode } from "@sendsar/protocol/errors";
import type { Db } from "../store/db.ts";
import { claimKey, keepAnswer, releaseKey } from "../store/idempotency.ts";
import type { Actor } from "./actor.ts";
import { ChatError } from "./chat-error.ts";

/** A request that comes with an `Idempotency-Key`. */
export interface KeyedRequest {
  readonly actor: Actor;
  readonly key: string;
  /** SHA-256 of all that makes it this request and no other. */
  readonly fingerprint: Buffer;
}

/** An answer that can be kept. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Makes a call happen once for an `Idempotency-Key`, over all gateways, as the IETF draft "The Idempotency-Key HTTP
 * Header Field" (draft-ietf-httpapi-idempotency-key-header-07) has it (threat A22).
 *
 * - The first answer is kept for `idempotencyHours` and given to whoever repeats the request, a refusal (4xx) like a
 *   success. Not kept is what says "not now": 409, 429 and 5xx. Then the key is free again.
 * - The key with another request is `idempotency_key_reused`; while the first is under way, `idempotency_key_in_use`.
 * - The work goes on when whoever asked gives up waiting, and its answer is there for the next try.
 * - A key whose gateway died before it could say how the call ended is free after `idempotencyTakeoverSeconds`. The work
 *   may have been done by then, and is done again: what must not happen twice even so has a name of its own, such as
 *   `clientMessageId` or `externalId`.
 *
 * While the database is away calls with a key fail, as all others do that write.
 */
export interface Idempotency {
  /** `onReplay` is called before the first answer is given again, or the first refusal thrown again. */
  once<A extends KeptAnswer>(request: KeyedRequest, work: () => Promise<A>, onReplay: () => void): Promise<A>;
}

export interface IdempotencyOptions {
  readonly db: Db;
  /** How a call ended could not be stored: its key stays in use until it is taken over. */
  readonly onError: (error: unknown) => void;
}

export const createIdempotency = ({ db, onError }: IdempotencyOptions): Idempotency => ({
  async once<A extends KeptAnswer>(
    { actor, key, fingerprint }: KeyedRequest,
    work: () => Promise<A>,
    onReplay: () => void,
  ) {
    const { tenantId } = actor;
    const owner = { tenantId, caller: actor.kind === "user" ? actor.userId : "", key };
    const state = await claimKey(db, owner, fingerprint);
    if (state.kind === "reused") throw new ChatError("idempotency_key_reused");
    if (state.kind === "in_use") throw new ChatError("idempotency_key_in_use");
    if (state.kind === "answered") {
      onReplay();
      if (state.status >= 400) throw toRefusal(state.body as KeptRefusal);
      return { status: state.status, body: state.body } as A;
    }

    const { claimedAt } = state;
    /** Whoever asked gets the answer also when it cannot be kept. */
    const settle = (stored: Promise<void>): Promise<void> => stored.catch(onError);
    let answer: A;
    try {
      answer = await work();
    } catch (error) {
      const refusal = toKept(error);
      await settle(refusal ? keepAnswer(db, owner, claimedAt, refusal) : releaseKey(db, owner, claimedAt));
      throw error;
    }
    await settle(keepAnswer(db, owner, claimedAt, answer));
    return answer;
  },
});

interface KeptRefusal {
  readonly code: ErrorCode;
  readonly details?: NonNullable<ChatError["details"]>;
}

/** The refusal as it is stored; undefined for one that may be another answer a moment later. */
const toKept = (error: unknown): (KeptAnswer & { readonly body: KeptRefusal }) | undefined => {
  if (!(error instanceof ChatError)) return undefined;
  const { code, details } = error;
  const { status } = errors[code];
  if (status >= 500 || status === 409 || status === 429) return undefined;
  return { status, body: { code, ...(details && { details }) } };
};

const toRefusal = ({ code, details }: KeptRefusal): ChatError => new ChatError(code, details ? { details } : {});
