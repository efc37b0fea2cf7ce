import { randomBytes, randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { claimMutants } from "../../scripts/testing/claim-mutants.ts";
import type { Forger, Forgery } from "../../scripts/testing/forge-token.ts";
import { forgeToken } from "../../scripts/testing/forge-token.ts";
import { headerMutants } from "../../scripts/testing/token-mutants.ts";
import { importSessionKey, signSession, verifySession } from "../src/auth/session-token.ts";

const now = new Date("2026-11-22T10:00:00.000Z");
const seconds = now.getTime() / 1000;
const forger: Forger = {
  own: { tenantId: "a", keyId: randomUUID(), raw: randomBytes(32) },
  other: { tenantId: "b", keyId: randomUUID(), raw: randomBytes(32) },
  userId: "ann",
  now: seconds,
  sinkUrl: "http://127.0.0.1:9/keys",
};

/** Knows both tenants' keys, and remembers what it was asked. */
const createFinder = async () => {
  const asked: [string, string][] = [];
  const keys = new Map<string, CryptoKey>();
  for (const { tenantId, keyId, raw } of [forger.own, forger.other]) {
    keys.set(`${tenantId}.${keyId}`, await importSessionKey(raw));
  }
  const find = async (tenantId: string, keyId: string) => {
    asked.push([tenantId, keyId]);
    return keys.get(`${tenantId}.${keyId}`);
  };
  return { find, asked };
};

const { find, asked } = await createFinder();
const verify = (token: string) => verifySession(token, find, now);
const verifyForged = (forgery?: Forgery) => verify(forgeToken(forger, forgery));

describe("what is let in", () => {
  test("a token as the gateway signs it", async () => {
    const signing = { keyId: forger.own.keyId, key: await importSessionKey(forger.own.raw) };
    const session = { tenantId: "a", userId: "ann", issuedAtMs: now.getTime() - 123, expiresAt: seconds + 3600 };
    expect(await verify(await signSession(signing, session, now, randomUUID()))).toEqual(session);
  });

  test("a token as the mutants below are made from, so that only what a mutant changes refuses it", async () => {
    const issuedAtMs = (seconds - 10) * 1000;
    const session = { tenantId: "a", userId: "ann", issuedAtMs, expiresAt: seconds + 3600 };
    expect(await verifyForged()).toEqual(session);
    expect(await verify(forgeToken({ ...forger, own: forger.other }))).toEqual({ ...session, tenantId: "b" });
  });

  const leeway = limits.sessionLeewaySeconds;
  const edges: Readonly<Record<string, Record<string, number>>> = {
    "expired less than the leeway ago": { exp: seconds - leeway + 1 },
    "not before a moment within the leeway": { nbf: seconds + leeway },
    "made by a clock that is ahead by the leeway": { iat: seconds + leeway },
    "as long as a session may last": { iat: seconds, exp: seconds + limits.sessionSecondsMax },
    "made as long ago as a session may last": { iat: seconds - limits.sessionSecondsMax, exp: seconds },
  };
  test.for(Object.entries(edges))("B06 a token %s", async ([, payload]) => {
    expect(await verifyForged({ payload })).toMatchObject({ userId: "ann" });
  });

  test("B10 every text that can be a user id, as it is", async () => {
    for (const sub of ["x".repeat(limits.userIdCharsMax), "__proto__", "constructor", "a/b", "名前", " "]) {
      expect(await verifyForged({ payload: { sub } })).toMatchObject({ userId: sub });
    }
  });
});

describe("mutants of a good token", () => {
  const mutants = Object.entries({ ...headerMutants(), ...claimMutants() });

  test("there are at least sixty of them, all different", () => {
    const names = new Map([[forgeToken(forger), "a good token"]]);
    for (const [name, make] of mutants) {
      const token = make(forger);
      expect(names.get(token), name).toBeUndefined();
      names.set(token, name);
    }
    expect(mutants.length).toBeGreaterThanOrEqual(60);
  });

  test.for(mutants)("%s: refused", async ([, make]) => {
    expect(await verify(make(forger))).toBeUndefined();
  });

  test("B04 a key is asked for by nothing but a tenant id and a UUID", async () => {
    asked.length = 0;
    for (const [, make] of mutants) await verify(make(forger));
    for (const [tenantId, keyId] of asked) {
      expect(tenantId).toMatch(/^[a-z0-9-]{1,48}$/);
      expect(keyId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    }
    expect(asked.length).toBeGreaterThan(0);
  });

  test("B01 B05 a header with another algorithm, or with anything more in it, asks for no key", async () => {
    asked.length = 0;
    const byHeader = mutants.filter(([name]) => /^B01 (no alg|alg (?!HS256,))|^B05/.test(name));
    expect(byHeader.length).toBeGreaterThanOrEqual(20);
    for (const [, make] of byHeader) await verify(make(forger));
    expect(asked).toEqual([]);
  });

  test("B03 every character of the token replaced by another, one at a time", async () => {
    const token = forgeToken(forger);
    for (const index of [...token].keys()) {
      for (const char of ["A", "_", "9", "."]) {
        if (char === token[index]) continue;
        expect(await verify(`${token.slice(0, index)}${char}${token.slice(index + 1)}`)).toBeUndefined();
      }
    }
  });

  test("B03 2,000 edits by chance", async () => {
    const token = forgeToken(forger);
    const edits = fc.record({
      at: fc.nat({ max: token.length }),
      cut: fc.nat({ max: 3 }),
      put: fc.string({
        maxLength: 3,
        unit: fc.oneof(fc.constantFrom(..."AZaz09-_.=+/ "), fc.string({ maxLength: 1 })),
      }),
    });
    const isRefused = fc.asyncProperty(edits, async ({ at, cut, put }) => {
      const edited = `${token.slice(0, at)}${put}${token.slice(at + cut)}`;
      fc.pre(edited !== token);
      expect(await verify(edited)).toBeUndefined();
    });
    await fc.assert(isRefused, { numRuns: 2000 });
  });

  test("B11 the largest and the deepest cost less than 50 ms of processor time", async () => {
    for (const [, make] of mutants.filter(([name]) => name.startsWith("B11"))) {
      const token = make(forger);
      let leastMs = Number.POSITIVE_INFINITY;
      // The least of three: a collection of garbage may fall into one.
      for (let round = 0; round < 3; round++) {
        const before = process.cpuUsage();
        await verify(token);
        const { user, system } = process.cpuUsage(before);
        leastMs = Math.min(leastMs, (user + system) / 1000);
      }
      expect(leastMs).toBeLessThan(50);
    }
  });
});
