import { ECDH } from "node:crypto";
import { isIP } from "node:net";
import { limits } from "@sendsar/protocol/limits";
import * as z from "zod";

/** A browser's push subscription, as `JSON.stringify(subscription)` writes it; more keys than these are fine. */
const PushSubscription = z.object({
  endpoint: z
    .string()
    .max(limits.urlCharsMax)
    .refine(isPushEndpoint, "must be an https URL of a public host, without a port and without credentials"),
  keys: z.object({
    p256dh: z.string().refine(isPublicKey, "must be an uncompressed point of P-256: 65 bytes in base64url"),
    auth: z.string().refine((text) => fromBase64url(text)?.length === authBytes, "must be 16 bytes in base64url"),
  }),
});
export type PushSubscription = z.infer<typeof PushSubscription>;

/** Reads a device token of provider `WEBPUSH`. What does not fit is named, one sentence each, below `token` (G01, G04). */
export const parsePushSubscription = (
  token: string,
): { readonly subscription: PushSubscription } | { readonly issues: readonly { path: string; message: string }[] } => {
  let value: unknown;
  try {
    value = JSON.parse(token);
  } catch {
    // The sentence of the parser quotes the token.
    return { issues: [{ path: "token", message: "must be a push subscription as JSON" }] };
  }
  const parsed = PushSubscription.safeParse(value);
  if (parsed.success) return { subscription: parsed.data };
  return {
    issues: parsed.error.issues.map(({ path, message }) => ({ path: ["token", ...path].join("."), message })),
  };
};

const authBytes = 16;

/**
 * May this be the address of a push service? Says nothing about where the name leads: who sends has to look at that as
 * well, at the moment of sending.
 */
export function isPushEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, port, hostname } = new URL(text);
  return protocol === "https:" && username === "" && password === "" && port === "" && isPublicName(hostname);
}

/**
 * A name of two labels or more, below a top-level domain that is open to everybody. The URL parser has made every spelling of
 * an IPv4 address four numbers by now, every name lower case, and every dot of Unicode a dot.
 */
const isPublicName = (hostname: string): boolean => {
  if (hostname.startsWith("[") || isIP(hostname) !== 0) return false;
  const labels = hostname.split(".");
  const top = labels.at(-1) ?? "";
  return (
    labels.length >= 2 &&
    hostname.length <= 253 &&
    labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) &&
    /^(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$/.test(top) &&
    !closedDomains.has(top)
  );
};

/** Names that lead nowhere or inside: RFC 2606, 6761, 6762, 7686, 8375, 9476, and ICANN's `internal`. */
const closedDomains = new Set([
  "alt",
  "arpa",
  "corp",
  "example",
  "home",
  "internal",
  "invalid",
  "lan",
  "local",
  "localdomain",
  "localhost",
  "mail",
  "onion",
  "test",
]);

function isPublicKey(text: string): boolean {
  const bytes = fromBase64url(text);
  return bytes !== undefined && isPointOfP256(bytes);
}

/** An uncompressed point of the curve P-256. */
export const isPointOfP256 = (bytes: Buffer): boolean => {
  if (bytes.length !== 65 || bytes[0] !== 4) return false;
  try {
    ECDH.convertKey(bytes, "prime256v1");
    return true;
  } catch {
    // OpenSSL refuses what is not on the curve.
    return false;
  }
};

/** Decodes base64url, padded or not; undefined for anything else, which Node's decoder would skip. */
export const fromBase64url = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text.replace(/={1,2}$/, "") ? bytes : undefined;
};
