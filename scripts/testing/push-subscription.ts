import { createECDH, randomBytes, randomUUID } from "node:crypto";

/** A browser's push subscription as `JSON.stringify` writes it, with a key pair of its own. */
export interface TestSubscription {
  readonly endpoint: string;
  readonly expirationTime: null;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

/** Makes one as Chromium would, at an address that no other test has. */
export const createTestSubscription = (
  endpoint = `https://fcm.googleapis.com/fcm/send/${randomUUID()}`,
): TestSubscription => ({
  endpoint,
  expirationTime: null,
  keys: {
    p256dh: createECDH("prime256v1").generateKeys().toString("base64url"),
    auth: randomBytes(16).toString("base64url"),
  },
});
