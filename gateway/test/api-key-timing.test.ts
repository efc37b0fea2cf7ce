import { createHash, randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { mannWhitney } from "../../scripts/testing/mann-whitney.ts";
import { createApiKey, hashApiKey, isApiKey } from "../src/auth/api-key.ts";

/*
 * Could somebody find a key character by character, by how long a refusal takes? A key is looked up by its SHA-256, and
 * who shares 40 characters with a real key shares nothing with its hash.
 *
 * What is measured is all that ever sees the key itself: its form, its checksum, its hash; and a lookup by the hash, as
 * in the gateway's memory of owners. It is measured in this process: the noise of HTTP and of the database would only
 * hide a leak, and make the test slow and fickle.
 *
 * The samples differ in one thing only: half of the keys differ from a stored one in their last characters, half from
 * one that is not stored. Each has another neighbour, since a processor is quicker with a text much like the one
 * before; all have a valid checksum, so that none is refused early; all come as texts do off the wire.
 *
 * p falls below 0.01 in one of a hundred rounds even if there is no difference. A real difference shows in every round,
 * so only three rounds in a row count: a false alarm once in a million runs. The second test proves that the
 * measurement would see a leak of a microsecond per equal character.
 */
const samples = 2000;
const rounds = 3;

const stored = Array.from({ length: samples }, () => createApiKey());
const owners = new Map(stored.map((key) => [hashApiKey(key).toString("hex"), key]));
const findOwner = (key: string): string | undefined =>
  isApiKey(key) ? owners.get(hashApiKey(key).toString("hex")) : undefined;

test("A17 how long a wrong key takes does not depend on how much of it is right", () => {
  for (const key of stored) {
    expect(findOwner(key)).toBe(key);
    expect(findOwner(neighbourOf(key))).toBeUndefined();
  }
  const found: number[] = [];
  while (found.length < rounds && (found.at(-1) ?? 0) <= 0.01) found.push(compare(findOwner));
  expect(Math.max(...found)).toBeGreaterThan(0.01);
});

test("A17 the measurement finds a lookup that stops at the first wrong character", () => {
  const leak = (key: string, victim: string): void => {
    findOwner(key);
    // About a microsecond each.
    for (let n = 0; key[n] === victim[n]; n++) createHash("sha256").update(key).digest();
  };
  expect(compare(leak)).toBeLessThan(0.01);
});

test("A17 what is looked up of two keys with 40 equal characters has nothing in common", () => {
  for (const key of stored.slice(0, 100)) {
    const near = neighbourOf(key);
    expect(near.slice(0, 40)).toBe(key.slice(0, 40));
    expect(isApiKey(near)).toBe(true);
    const [hash, nearHash] = [hashApiKey(key), hashApiKey(near)];
    // Of 32 bytes each is equal by chance once in 256; ten or more never are.
    expect(hash.filter((byte, index) => byte === nearHash[index]).length).toBeLessThan(10);
  }
});

/** Times both kinds of key in random order; answers the p value of the difference. */
const compare = (act: (key: string, victim: string) => unknown): number => {
  const tries = stored.flatMap((victim) => {
    const near = { kind: "near", victim, key: fromWire(neighbourOf(victim)) };
    const far = { kind: "far", victim, key: fromWire(neighbourOf(createApiKey())) };
    return randomInt(2) ? [near, far] : [far, near];
  });
  // The first ones find code that is not compiled yet.
  for (const { key, victim } of tries.slice(0, 500)) act(key, victim);
  const timed = tries.map(({ kind, key, victim }) => {
    const started = process.hrtime.bigint();
    act(key, victim);
    return { kind, took: Number(process.hrtime.bigint() - started) };
  });
  const timesOf = (wanted: string) => timed.filter(({ kind }) => kind === wanted).map(({ took }) => took);
  return mannWhitney(timesOf("near"), timesOf("far"));
};

const fromWire = (key: string): string => Buffer.from(key, "latin1").toString("latin1");

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A well-formed key that differs from another in its last random bytes, and so in its last characters only. */
const neighbourOf = (key: string): string => {
  const body = key.slice(3, -6);
  const value = [...body].reduce((sum, char) => sum * 62n + BigInt(alphabet.indexOf(char)), 0n);
  const bytes = Buffer.from(value.toString(16).padStart(64, "0"), "hex");
  bytes.writeUIntBE(randomInt(1, 0xffff) ^ bytes.readUIntBE(30, 2), 30, 2);
  return createApiKey(() => bytes);
};
