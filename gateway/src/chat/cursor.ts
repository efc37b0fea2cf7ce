import { createHmac, timingSafeEqual } from "node:crypto";
import type { KeyRing } from "../auth/key-ring.ts";
import { ChatError } from "./chat-error.ts";

/** What a cursor belongs to: it is refused anywhere else. */
export interface CursorScope {
  readonly tenantId: string;
  readonly list: string;
}

/**
 * Opaque cursors: a position, signed together with the tenant and the list it belongs to, so that one that was made
 * up, changed, or given to somebody else is refused instead of half understood.
 */
export interface Cursors {
  encode(scope: CursorScope, position: readonly (string | number)[]): string;
  /** Throws `invalid_cursor`. */
  decode(scope: CursorScope, cursor: string): readonly unknown[];
}

const macBytes = 12;

export const createCursors = (keys: Pick<KeyRing, "derive">): Cursors => {
  const keyOf = (tenantId: string): Buffer => {
    const key = keys.derive(tenantId, "cursors");
    if (!key) throw new Error(`unable to use a cursor of tenant ${tenantId}; it is not served here`);
    return key;
  };
  const sign = (scope: CursorScope, body: string): Buffer =>
    createHmac("sha256", keyOf(scope.tenantId))
      .update(JSON.stringify([scope.tenantId, scope.list, body]))
      .digest()
      .subarray(0, macBytes);
  return {
    encode(scope, position) {
      const body = JSON.stringify(position);
      return Buffer.concat([sign(scope, body), Buffer.from(body)]).toString("base64url");
    },
    decode(scope, cursor) {
      const bytes = Buffer.from(cursor, "base64url");
      const body = bytes.subarray(macBytes).toString();
      const mac = bytes.subarray(0, macBytes);
      if (mac.length !== macBytes || !timingSafeEqual(mac, sign(scope, body))) throw new ChatError("invalid_cursor");
      return JSON.parse(body) as readonly unknown[];
    },
  };
};
