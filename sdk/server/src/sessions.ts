import { invalidOptions } from "./errors.ts";
import type { Call } from "./operation.ts";
import type { CallOptions, WriteOptions } from "./options.ts";
import type { CreateTokenBody, Ok, SessionToken } from "./wire.ts";

/** Short-lived tokens with which a user's device calls the gateway and opens the socket. */
export interface Sessions {
  /**
   * Mints a session token, valid for an hour unless `expiresIn` says otherwise (600 s or more for people: clients renew
   * five minutes before the end). Rejects with `user_not_found` for a user that was never created.
   *
   * @example
   * const { token, expiresAt } = await sendsar.sessions.create({ userId: "buyer_5" });
   */
  create(session: CreateTokenBody, options?: CallOptions): Promise<SessionToken>;

  /**
   * Ends the sessions of a user that were created before now, or before `issuedBefore`, on every gateway within seconds.
   * Rejects with `user_not_found`.
   */
  revoke(userId: string, before?: IssuedBefore, options?: WriteOptions): Promise<Ok>;

  /** The same for every user of the tenant. */
  revokeAll(before?: IssuedBefore, options?: WriteOptions): Promise<Ok>;
}

/** Which sessions end: those that were created before a moment, as ISO-8601; before now when left out. */
export interface IssuedBefore {
  readonly issuedBefore?: string | undefined;
}

/** Creates the calls about sessions. */
export function createSessions(call: Call): Sessions {
  return {
    create: (body, options) => call("createToken", { body }, options),
    revoke: async (userId, { issuedBefore } = {}, options) => {
      // The server takes a call without a user to mean all of them: a variable that is empty by mistake must not.
      if (typeof userId !== "string" || userId === "") {
        throw invalidOptions("revoke sessions", "the user's id is missing");
      }
      return call("revokeSessions", { body: { userId, issuedBefore } }, options);
    },
    revokeAll: ({ issuedBefore } = {}, options) => call("revokeSessions", { body: { issuedBefore } }, options),
  };
}
