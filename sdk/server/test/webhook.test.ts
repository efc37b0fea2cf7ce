import { createHmac, randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { type WebhookHeaders, type WebhookOptions, verifyWebhook } from "../src/webhook.ts";

const now = new Date("2026-11-22T09:00:00.500Z");
const body = JSON.stringify({
  id: "evt_1",
  event: "message.created",
  message: { previewText: "Grüße/😀 \u2028 9007199254740993" },
});

/** A secret as a gateway makes it: 48 hexadecimal characters, which are base64 too. */
const createSecret = (): string => `whsec_${randomBytes(24).toString("hex")}`;
const secret = createSecret();

/** Signed by the library that others verify with. */
const signed = (secrets: readonly string[], { at = now, rawBody = body } = {}): Record<string, string> => ({
  "webhook-id": "evt_1",
  "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
  "webhook-signature": secrets.map((one) => new Webhook(one).sign("evt_1", at, rawBody)).join(" "),
});

/** Signed as `openssl dgst -sha256 -hmac "$SECRET"` does. */
const signedUntimed = (one: string, name = "x-webhook-signature"): Record<string, string> => ({
  [name]: `sha256=${createHmac("sha256", one).update(body).digest("hex")}`,
});

const verify = (headers: WebhookHeaders, secrets: string | readonly string[] = secret, options: WebhookOptions = {}) =>
  verifyWebhook(body, headers, secrets, { now, ...options });

const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);

describe("F01 a webhook that was signed by the standardwebhooks library", () => {
  test.each([
    ["as text, with the headers of a Request", body, new Headers(signed([secret]))],
    ["as bytes, with the headers of Node", Buffer.from(body), signed([secret])],
    [
      "with headers in another case",
      body,
      { ...upperCased(signed([secret])), Host: "shop.example", Cookie: ["a", "b"] },
    ],
  ])("is accepted %s", (_, rawBody, headers) => {
    expect(verifyWebhook(rawBody, headers, secret, { now })).toEqual(JSON.parse(body));
  });

  test("F03 is accepted while the secret is rotated, from either side", () => {
    const next = createSecret();
    expect(verify(signed([next, secret]), secret)).toMatchObject({ id: "evt_1" });
    expect(verify(signed([secret]), [next, secret])).toMatchObject({ id: "evt_1" });
    expect(verify(signed([next]), [next, secret])).toMatchObject({ id: "evt_1" });
    expect(() => verify(signed([secret]), next)).toThrow("unable to accept the webhook; none of the secrets signed it");
  });

  test.each([
    ["its body", { rawBody: `${body} ` }],
    [
      "its time",
      { headers: { ...signed([secret]), "webhook-timestamp": String(Math.floor(now.getTime() / 1000) + 1) } },
    ],
    ["its id", { headers: { ...signed([secret]), "webhook-id": "evt_2" } }],
    ["one letter of its signature", { headers: flipped(signed([secret])) }],
    ["the length of its signature", { headers: { ...signed([secret]), "webhook-signature": "v1,AAAA" } }],
    [
      "the version of its signature",
      { headers: { ...signed([secret]), "webhook-signature": signatureOf().replace("v1", "v2") } },
    ],
    ["its signature, to none", { headers: { ...signed([secret]), "webhook-signature": "" } }],
  ])("is refused when %s was changed", (_, { rawBody = body, headers = signed([secret]) }: Changed) => {
    const attempt = (): unknown => verifyWebhook(rawBody, headers, secret, { now });
    expect(attempt).toThrow(expect.objectContaining({ name: "SendsarError", code: "webhook_forged" }));
  });

  test.each([
    [300, undefined],
    [-299, undefined],
    [302, "webhook_expired"],
    [-302, "webhook_expired"],
  ])("signed %i s ago", (secondsAgo, code) => {
    const headers = signed([secret], { at: later(-secondsAgo) });
    if (code === undefined) expect(verify(headers)).toMatchObject({ id: "evt_1" });
    else expect(() => verify(headers)).toThrow(expect.objectContaining({ code }));
  });

  test("may be given more time, or less", () => {
    const headers = signed([secret], { at: later(-60) });
    expect(verify(headers, secret, { toleranceSeconds: 90 })).toMatchObject({ id: "evt_1" });
    expect(() => verify(headers, secret, { toleranceSeconds: 30 })).toThrow("it was not signed within 30 s of now");
  });

  test.each(["", "soon", "1e9", "-1", "Infinity", "1763802000.5", "9".repeat(20)])(
    "with the time %j is refused whatever signed it",
    (timestamp) => {
      const key = Buffer.from(secret.slice("whsec_".length), "base64");
      const signature = createHmac("sha256", key).update(`evt_1.${timestamp}.${body}`).digest("base64");
      const headers = { "webhook-id": "evt_1", "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
      expect(() => verify(headers)).toThrow(expect.objectContaining({ code: "webhook_expired" }));
    },
  );

  test("and this SDK signs nothing that the library would not accept: both agree on the same vector", () => {
    const headers = signed([secret], { at: new Date() });
    expect(new Webhook(secret).verify(body, headers)).toEqual(verifyWebhook(body, headers, secret));
  });
});

describe("a webhook with the older signature alone", () => {
  const allowed = { allowUntimed: true };

  test("11 is accepted when that is asked for, also during a rotation", () => {
    expect(verify(signedUntimed(secret), secret, allowed)).toMatchObject({ id: "evt_1" });
    const [old, next] = [secret, createSecret()];
    const both = { ...signedUntimed(next), ...signedUntimed(old, "x-webhook-signature-previous") };
    expect(verify(both, old, allowed)).toMatchObject({ id: "evt_1" });
    expect(verify(signedUntimed(old), [next, old], allowed)).toMatchObject({ id: "evt_1" });
  });

  test("is refused otherwise, because it could be sent again for ever", () => {
    expect(() => verify(signedUntimed(secret))).toThrow(expect.objectContaining({ code: "webhook_unsigned" }));
  });

  test("cannot stand in for the other one: a request that is too old stays so", () => {
    const old = { ...signed([secret], { at: later(-1000) }), ...signedUntimed(secret) };
    expect(() => verify(old, secret, allowed)).toThrow(expect.objectContaining({ code: "webhook_expired" }));
  });

  test.each([
    ["of another secret", signedUntimed(createSecret())],
    ["cut short", { "x-webhook-signature": signedUntimed(secret)["x-webhook-signature"]?.slice(0, -2) }],
    ["in another algorithm's name", { "x-webhook-signature": `sha1=${"0".repeat(40)}` }],
    ["with nothing in it", { "x-webhook-signature": "sha256=" }],
  ])("is refused %s", (_, headers) => {
    expect(() => verify(headers, secret, allowed)).toThrow(/none of the secrets signed it|it has no signature/);
  });
});

describe("what is not the sender's fault", () => {
  test.each([
    { wrong: "" },
    { wrong: "whsec_" },
    { wrong: "secret" },
    { wrong: "sk_live_0123456789abcdef0123456789abcdef0123456789abcdef" },
    { wrong: "whsec_c2hvcnQ=" },
    { wrong: "whsec_ this is no base64, whatever its length is " },
    { wrong: [] },
    { wrong: [secret, ""] },
    { wrong: undefined as never },
    { wrong: null as never },
    { wrong: [undefined as never] },
  ])("$wrong as the secret is refused, and never shown", ({ wrong }) => {
    const attempt = (): unknown => verifyWebhook(body, signed([secret]), wrong, { now });
    expect(attempt).toThrow(
      /^unable to accept the webhook; the secret must be the tenant's webhook secret, as in whsec_…$/,
    );
    expect(attempt).toThrow(expect.objectContaining({ code: "invalid_options" }));
  });

  test("a body that was parsed is refused with the reason", () => {
    const parsed = JSON.parse(body) as never;
    expect(() => verifyWebhook(parsed, signed([secret]), secret, { now })).toThrow("before it is parsed");
  });
});

test.each(["", "{", "null", "7", "[]", '"text"', '{"type":"other"}'])(
  "%j is no event, however well it is signed",
  (rawBody) => {
    const attempt = (): unknown => verifyWebhook(rawBody, signed([secret], { rawBody }), secret, { now });
    expect(attempt).toThrow(expect.objectContaining({ code: "webhook_invalid" }));
  },
);

test("a request without any signature is refused", () => {
  for (const headers of [{}, new Headers(), { "webhook-id": "evt_1" }, { "webhook-signature": ["v1,a", "v1,b"] }]) {
    expect(() => verify(headers)).toThrow(expect.objectContaining({ code: "webhook_unsigned" }));
  }
});

interface Changed {
  readonly rawBody?: string;
  readonly headers?: Record<string, string>;
}

function upperCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
}

function signatureOf(): string {
  return signed([secret])["webhook-signature"] ?? "";
}

function flipped(headers: Record<string, string>): Record<string, string> {
  const signature = headers["webhook-signature"] ?? "";
  const other = signature.at(5) === "A" ? "B" : "A";
  return { ...headers, "webhook-signature": signature.slice(0, 5) + other + signature.slice(6) };
}
