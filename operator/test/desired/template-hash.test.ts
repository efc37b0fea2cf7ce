import * as fc from "fast-check";
import { expect, test } from "vitest";
import { toCanonicalJson, toHash } from "../../src/desired/template-hash.ts";

/** The same value, every object's keys put in the other way round. */
const reverseKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, part]) => [key, reverseKeys(part)]),
  );
};

test("the order of keys makes no difference to a hash, the order of a list does", () => {
  expect(toHash({ a: 1, b: { c: [1, 2], d: "x" } })).toBe(toHash({ b: { d: "x", c: [1, 2] }, a: 1 }));
  expect(toHash([1, 2])).not.toBe(toHash([2, 1]));
});

test("what is undefined is not there", () => {
  expect(toHash({ a: 1, b: undefined })).toBe(toHash({ a: 1 }));
});

test("canonical JSON says the same as JSON, in one way only", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as unknown;
      expect(JSON.parse(toCanonicalJson(plain))).toEqual(plain);
      expect(toCanonicalJson(reverseKeys(plain))).toBe(toCanonicalJson(plain));
    }),
  );
});

test("a hash fits a label, and two values have two", () => {
  expect(toHash({ a: 1 })).toMatch(/^[0-9a-f]{16}$/);
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      expect(toHash(one) === toHash(other)).toBe(toCanonicalJson(one) === toCanonicalJson(other));
    }),
  );
});
