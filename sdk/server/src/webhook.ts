import { createHmac, timingSafeEqual } from "node:crypto";
import { SendsarError, invalidOptions } from "./errors.ts";
import type { WebhookEvent } from "./webhook-event.ts";

/** Headers as `Request` has them, or as Node's `request.headers`. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** How strict to be. */
export interface WebhookOptions {
  /** How far the time of signing may be from now, in seconds; 300 when left out. */
  readonly toleranceSeconds?: number | undefined;
  /** The time to compare with, for tests. */
  readonly now?: Date | undefined;
  /**
   * Accepts a request that has only the older `X-Webhook-Signature`. It says nothing of when it was signed, so whoever
   * has seen such a request can send it again for ever: remember the ids of events if you set this.
   */
  readonly allowUntimed?: boolean | undefined;
}

/**
 * Checks that a request is a webhook of your tenant, and answers its event. Give the body as it came, not parsed; while
 * the secret is being rotated give the old and the new one.
 *
 * It checks the Standard Webhooks headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. The same event may
 * come more than once, with the same `id`.
 *
 * Throws a `SendsarError`: `webhook_unsigned`, `webhook_expired`, `webhook_forged` and `webhook_invalid` are the
 * sender's fault (answer 400), `invalid_options` is yours: a secret that is none, or a body that was parsed.
 *
 * @example
 * import { verifyWebhook } from "@sendsar/server-sdk";
 *
 * const event = verifyWebhook(await request.text(), request.headers, process.env.WEBHOOK_SECRET ?? "");
 * if (event.event === "message.created") console.log(event.message?.previewText);
 */
export function verifyWebhook(
  rawBody: string | Uint8Array,
  headers: WebhookHeaders,
  secrets: string | readonly string[],
  options: WebhookOptions = {},
): WebhookEvent {
  const keys = toKeys(secrets);
  if (typeof rawBody !== "string" && !(rawBody instanceof Uint8Array)) {
    throw invalidOptions(operation, "the body must be given as it came, as text or bytes, before it is parsed");
  }
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const signatures = headerOf(headers, "webhook-signature");
  if (id !== undefined && timestamp !== undefined && signatures !== undefined) {
    checkTime(timestamp, options);
    checkSignatures(rawBody, `${id}.${timestamp}.`, signatures, keys);
  } else {
    checkUntimed(rawBody, headers, keys, options);
  }
  return parseEvent(rawBody);
}

const operation = "accept the webhook";
const toleranceSecondsDefault = 300;

/** A secret as the two kinds of signature use it. */
interface Key {
  /** Standard Webhooks: what the text after `whsec_` says in base64. */
  readonly decoded: Uint8Array;
  /** The older header: the secret as it is written. */
  readonly text: string;
}

/** A short or empty secret would let anybody sign, and base64 that is none would become one. */
function toKeys(secrets: string | readonly string[]): readonly Key[] {
  const texts: readonly string[] = typeof secrets === "string" ? [secrets] : (secrets ?? []);
  const keys = texts.map((text) => {
    const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1] ?? "";
    return { decoded: Buffer.from(encoded, "base64"), text };
  });
  if (keys.length > 0 && keys.every(({ decoded }) => decoded.length >= secretBytesMin)) return keys;
  throw invalidOptions(operation, "the secret must be the tenant's webhook secret, as in whsec_…");
}

/** What Standard Webhooks asks of a secret. */
const secretBytesMin = 24;

function checkTime(timestamp: string, { toleranceSeconds = toleranceSecondsDefault, now }: WebhookOptions): void {
  const nowSeconds = Math.floor((now?.getTime() ?? Date.now()) / 1000);
  const isClose = /^\d{1,12}$/.test(timestamp) && Math.abs(nowSeconds - Number(timestamp)) <= toleranceSeconds;
  if (isClose) return;
  throw refusal("webhook_expired", `it was not signed within ${toleranceSeconds} s of now`);
}

function checkSignatures(rawBody: string | Uint8Array, prefix: string, signatures: string, keys: readonly Key[]): void {
  const given = signatures.split(" ").flatMap((entry) => (entry.startsWith("v1,") ? [entry.slice("v1,".length)] : []));
  const right = keys.map(({ decoded }) => hmac(decoded, prefix, rawBody).toString("base64"));
  requireMatch(given, right);
}

function checkUntimed(
  rawBody: string | Uint8Array,
  headers: WebhookHeaders,
  keys: readonly Key[],
  { allowUntimed = false }: WebhookOptions,
): void {
  const given = ["x-webhook-signature", "x-webhook-signature-previous"].flatMap((name) => {
    const value = headerOf(headers, name);
    return value?.startsWith("sha256=") === true ? [value.slice("sha256=".length)] : [];
  });
  if (given.length === 0) throw refusal("webhook_unsigned", "it has no signature");
  if (!allowUntimed) {
    throw refusal("webhook_unsigned", "its signature says nothing of when it was made, and allowUntimed is not set");
  }
  requireMatch(
    given,
    keys.map(({ text }) => hmac(text, "", rawBody).toString("hex")),
  );
}

function hmac(key: string | Uint8Array, prefix: string, rawBody: string | Uint8Array): Buffer {
  return createHmac("sha256", key).update(prefix).update(rawBody).digest();
}

/** Compares every pair, each in the time that its length takes and no less. */
function requireMatch(given: readonly string[], right: readonly string[]): void {
  let matches = 0;
  for (const one of given) {
    for (const other of right) {
      const [a, b] = [Buffer.from(one), Buffer.from(other)];
      if (a.length === b.length && timingSafeEqual(a, b)) matches += 1;
    }
  }
  if (matches === 0) throw refusal("webhook_forged", "none of the secrets signed it");
}

function parseEvent(rawBody: string | Uint8Array): WebhookEvent {
  try {
    const text = typeof rawBody === "string" ? rawBody : new TextDecoder("utf-8", { fatal: true }).decode(rawBody);
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "event" in value) return value as WebhookEvent;
  } catch {
    // Said below.
  }
  throw refusal("webhook_invalid", "its body is not an event");
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  if (isHeaders(headers)) return headers.get(name) ?? undefined;
  const [, value] = Object.entries(headers).find(([key]) => key.toLowerCase() === name) ?? [];
  return typeof value === "string" ? value : undefined;
}

const isHeaders = (headers: WebhookHeaders): headers is { get(name: string): string | null } =>
  typeof headers["get"] === "function";

const refusal = (code: "webhook_unsigned" | "webhook_expired" | "webhook_forged" | "webhook_invalid", reason: string) =>
  new SendsarError(operation, reason, { code });
