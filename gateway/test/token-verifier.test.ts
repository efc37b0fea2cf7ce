import { randomBytes, randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { importSessionKey, signSession, verifySession } from "../src/auth/session-token.ts";
import { createTokenVerifier } from "../src/auth/token-verifier.ts";

const start = new Date("2026-11-22T10:00:00.000Z");
const seconds = start.getTime() / 1000;
const keyId = randomUUID();
const session = { tenantId: "a", userId: "ann", issuedAtMs: start.getTime(), expiresAt: seconds + 900 };

const checks = vi.spyOn(crypto.subtle, "verify");
beforeEach(() => void checks.mockClear());
afterEach(() => void vi.clearAllMocks());

const setUp = async (keptMax?: number) => {
  const key = await importSessionKey(randomBytes(32));
  const state = { now: start, key: key as CryptoKey | undefined };
  const findKey = async (tenantId: string, id: string) => (tenantId === "a" && id === keyId ? state.key : undefined);
  const verifier = createTokenVerifier({ findKey, now: () => state.now, ...(keptMax && { keptMax }) });
  const sign = (userId = "ann") => signSession({ keyId, key }, { ...session, userId }, start, randomUUID());
  return { state, findKey, verifier, sign };
};

describe("a token that was good", () => {
  test("is good again without a look at its signature", async () => {
    const { verifier, sign } = await setUp();
    const token = await sign();
    expect(await verifier.verify(token)).toEqual(session);
    expect(checks).toHaveBeenCalledTimes(1);
    for (let n = 0; n < 5; n++) expect(await verifier.verify(token)).toEqual(session);
    expect(checks).toHaveBeenCalledTimes(1);
  });

  test("B15 ends in the same second as one that was never seen", async () => {
    const { state, findKey, verifier, sign } = await setUp();
    const token = await sign();
    await verifier.verify(token);
    const verdicts = new Set<boolean>();
    for (let ms = -2500; ms <= 2500; ms += 250) {
      state.now = new Date((session.expiresAt + limits.sessionLeewaySeconds) * 1000 + ms);
      // Remembered again, should it have been forgotten.
      const now = state.now;
      state.now = start;
      await verifier.verify(token);
      state.now = now;
      const fresh = await verifySession(token, findKey, now);
      expect(await verifier.verify(token), now.toISOString()).toEqual(fresh);
      verdicts.add(fresh !== undefined);
    }
    expect(verdicts.size).toBe(2);
  });

  test("is refused when its key is not the tenant's any more, and looked at anew when the key is another one", async () => {
    const { state, verifier, sign } = await setUp();
    const token = await sign();
    const { key } = state;
    await verifier.verify(token);
    state.key = undefined;
    expect(await verifier.verify(token)).toBeUndefined();
    state.key = await importSessionKey(randomBytes(32));
    expect(await verifier.verify(token)).toBeUndefined();
    state.key = key;
    expect(await verifier.verify(token)).toEqual(session);
  });

  test("helps no other token", async () => {
    const { verifier, sign } = await setUp();
    const token = await sign();
    const other = await sign("bo");
    await verifier.verify(token);
    const [header, , signature] = token.split(".");
    const [, claims] = other.split(".");
    expect(await verifier.verify(`${header}.${claims}.${signature}`)).toBeUndefined();
    expect(await verifier.verify(`${token}x`)).toBeUndefined();
    expect(await verifier.verify(other)).toEqual({ ...session, userId: "bo" });
  });

  test("makes room for others", async () => {
    const { verifier, sign } = await setUp(2);
    const tokens = [await sign("u1"), await sign("u2"), await sign("u3")];
    for (const token of [...tokens, ...tokens]) expect(await verifier.verify(token)).toBeDefined();
    expect(checks).toHaveBeenCalledTimes(6);
  });
});

test("a token that is wrong is looked at each time", async () => {
  const { verifier, sign } = await setUp();
  const wrong = (await sign()).replace(/\.[^.]+$/, `.${Buffer.alloc(32, 1).toString("base64url")}`);
  for (let n = 0; n < 3; n++) expect(await verifier.verify(wrong)).toBeUndefined();
  expect(checks).toHaveBeenCalledTimes(3);
});
