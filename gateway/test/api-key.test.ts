import { expect, test } from "vitest";
import { createApiKey, hashApiKey, isApiKey } from "../src/auth/api-key.ts";

const key = createApiKey();
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

test("a key has its form, and every one is another", () => {
  const keys = Array.from({ length: 1000 }, () => createApiKey());
  for (const one of keys) {
    expect(one).toMatch(/^sk_[0-9A-Za-z]{49}$/);
    expect(isApiKey(one)).toBe(true);
  }
  expect(new Set(keys).size).toBe(1000);
});

test("a key is made of all the random bytes there are", () => {
  const bytes = Buffer.alloc(32);
  const keys = new Set([createApiKey(() => bytes)]);
  for (let bit = 0; bit < 256; bit++) {
    const one = Buffer.from(bytes);
    one.writeUInt8(1 << (bit % 8), bit >> 3);
    keys.add(createApiKey(() => one));
  }
  expect(keys.size).toBe(257);
  expect(createApiKey(() => Buffer.alloc(32, 0xff))).toHaveLength(52);
});

test("A02 a key with any one character changed is known for wrong without a look into the database", () => {
  for (const index of [...key].keys()) {
    for (const char of alphabet) {
      const changed = `${key.slice(0, index)}${char}${key.slice(index + 1)}`;
      expect(isApiKey(changed)).toBe(changed === key);
    }
  }
});

test("A02 a key with two neighbours changed about, cut, or with more around it is, too", () => {
  for (const index of [...key].keys()) {
    const swapped = `${key.slice(0, index)}${key[index + 1] ?? ""}${key[index]}${key.slice(index + 2)}`;
    expect(isApiKey(swapped)).toBe(swapped === key);
    expect(isApiKey(key.slice(0, index))).toBe(false);
  }
  for (const wrong of [`${key}\n`, ` ${key}`, `${key} `, `${key}\u0000`, `${key}${key}`, key.toUpperCase(), ""]) {
    expect(isApiKey(wrong)).toBe(false);
  }
});

test("what is looked up is the SHA-256 of the whole key", () => {
  expect(hashApiKey("sk_").toString("hex")).toBe("acaec9036c163090662df57342268b5b42cb6ae3d6015a73968643b942516801");
});
