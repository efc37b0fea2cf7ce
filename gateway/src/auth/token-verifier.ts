import { limits } from "@sendsar/protocol/limits";
import { LRUCache } from "lru-cache";
import type { FindSessionKey, Session } from "./session-token.ts";
import { verifySession } from "./session-token.ts";

/**
 * Verifies session tokens, and remembers those that were good: that a key signed them does not change, and to check it costs
 * more than to answer most calls. Everything else is asked each time: whether the key is still the tenant's, and the time.
 * What is wrong is not remembered.
 */
export interface TokenVerifier {
  /** Answers undefined for whatever is wrong, as `verifySession` does. */
  verify(token: string): Promise<Session | undefined>;
}

export interface TokenVerifierOptions {
  /** Must answer the same object for the same key, or nothing is gained. */
  readonly findKey: FindSessionKey;
  readonly now: () => Date;
  /** Tokens that are remembered; of more the one used longest ago goes. */
  readonly keptMax?: number;
}

interface Verified {
  readonly session: Session;
  readonly keyId: string;
  readonly key: CryptoKey;
}

export const createTokenVerifier = ({ findKey, now, keptMax = 10_000 }: TokenVerifierOptions): TokenVerifier => {
  const kept = new LRUCache<string, Verified>({ max: keptMax });
  return {
    async verify(token) {
      const known = kept.get(token);
      if (known && (await findKey(known.session.tenantId, known.keyId)) === known.key) {
        if (isInTime(known.session, now())) return known.session;
        kept.delete(token);
        return undefined;
      }
      let signedWith: Pick<Verified, "keyId" | "key"> | undefined;
      const findAndNote: FindSessionKey = async (tenantId, keyId) => {
        const key = await findKey(tenantId, keyId);
        signedWith = key && { keyId, key };
        return key;
      };
      const session = await verifySession(token, findAndNote, now());
      if (session && signedWith) kept.set(token, { session, ...signedWith });
      else kept.delete(token);
      return session;
    },
  };
};

/** As jose has it. That a token is not too old follows: it was not good for longer than it may be. */
const isInTime = ({ expiresAt }: Session, now: Date): boolean =>
  expiresAt > Math.floor(now.getTime() / 1000) - limits.sessionLeewaySeconds;
