import { createHash, randomBytes, randomInt } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { mannWhitney } from "../../scripts/testing/mann-whitney.ts";
import { createApiKey, hashApiKey, isApiKey } from "../src/auth/api-key.ts";
import type { Provisioner } from "../src/provisioning/provisioner.ts";
import { openProvisioner } from "../src/provisioning/provisioner.ts";

/*
 * Could somebody find a key character by character, by how long a refusal takes? A key is looked up by its SHA-256, and
 * who shares 40 characters with a real key shares nothing with its hash.
 *
 * What is measured is the whole decision - form, checksum, hash, and the lookup in a real table - but in this process
 * and without HTTP, whose noise would only hide a leak. Both kinds of key have a valid checksum, so that neither is
 * refused early, and each is used once, so that nothing is remembered of it. They take turns in random order.
 *
 * p falls below 0.01 in one of a hundred rounds even if there is no difference. A real difference shows in every round,
 * so only three rounds in a row count: a false alarm once in a million runs. The second test proves that the
 * measurement would see a leak of a microsecond per equal character, and with a quarter of the samples.
 */
const rounds = 3;

let database: TestDatabase;
let provisioner: Provisioner;
let victim: string;
beforeAll(async () => {
  database = await createTestDatabase();
  provisioner = await openProvisioner({
    databaseUrl: database.adminUrl,
    masterKey: randomBytes(32).toString("base64"),
  });
  victim = (await provisioner.createTenant({ tenantId: "victim" })).apiKey;
  for (let n = 0; n < 200; n++) await provisioner.verifyKey(createApiKey());
});
afterAll(async () => {
  await provisioner[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

test("A17 how long a wrong key takes does not depend on how much of it is right", { timeout: 60_000 }, async () => {
  expect(await provisioner.verifyKey(victim)).toBe("victim");
  const refuse = async (key: string) => expect(await provisioner.verifyKey(key)).toBeUndefined();
  const found: number[] = [];
  while (found.length < rounds && (found.at(-1) ?? 0) <= 0.01) found.push(await compare(refuse, 2000));
  expect(Math.max(...found)).toBeGreaterThan(0.01);
});

test("A17 the measurement finds a lookup that stops at the first wrong character", { timeout: 60_000 }, async () => {
  const leak = async (key: string) => {
    await provisioner.verifyKey(key);
    // About a microsecond each.
    for (let n = 0; key[n] === victim[n]; n++) createHash("sha256").update(key).digest();
  };
  expect(await compare(leak, 500)).toBeLessThan(0.01);
});

test("A17 what is looked up of two keys with 40 equal characters has nothing in common", () => {
  const near = neighbourOf(victim);
  expect(near.slice(0, 40)).toBe(victim.slice(0, 40));
  expect(isApiKey(near)).toBe(true);
  const [hash, nearHash] = [hashApiKey(victim), hashApiKey(near)];
  const equalBytes = hash.filter((byte, index) => byte === nearHash[index]);
  // Of 32 bytes each is equal by chance once in 256; eight or more never are.
  expect(equalBytes.length).toBeLessThan(8);
});

/** Times both kinds of key, in turns of random order; answers the p value of the difference. */
const compare = async (act: (key: string) => Promise<unknown>, samples: number): Promise<number> => {
  const times: Record<"near" | "random", number[]> = { near: [], random: [] };
  for (let n = 0; n < samples; n++) {
    const turns = [
      { kind: "near", key: neighbourOf(victim) },
      { kind: "random", key: createApiKey() },
    ] as const;
    for (const { kind, key } of randomInt(2) ? turns : turns.toReversed()) {
      const started = process.hrtime.bigint();
      await act(key);
      times[kind].push(Number(process.hrtime.bigint() - started));
    }
  }
  return mannWhitney(times.near, times.random);
};

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A well-formed key that differs from another in its last random bytes, and so in its last characters only. */
const neighbourOf = (key: string): string => {
  const body = key.slice(3, -6);
  const value = [...body].reduce((sum, char) => sum * 62n + BigInt(alphabet.indexOf(char)), 0n);
  const bytes = Buffer.from(value.toString(16).padStart(64, "0"), "hex");
  bytes.writeUIntBE(randomInt(1, 0xffff) ^ bytes.readUIntBE(30, 2), 30, 2);
  return createApiKey(() => bytes);
};
