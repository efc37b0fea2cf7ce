import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toBillionths, toBytes } from "../../src/desired/quantity.ts";

describe("quantities are amounts, not texts (apimachinery resource/quantity.go)", () => {
  test.each([
    ["1000m", "1"],
    ["0.1", "100m"],
    [".5", "500m"],
    ["1.", "1"],
    ["1024Mi", "1Gi"],
    ["0.5Gi", "512Mi"],
    ["1e3", "1k"],
    ["12E", "12e18"],
    ["1E3", "1000"],
    ["5e-1", "500m"],
    ["+2", "2"],
    ["1000000u", "1"],
    ["100n", "0.1u"],
    ["-1500m", "-1.5"],
  ])("%s is %s", (one, other) => {
    expect(toBillionths(one)).toBeDefined();
    expect(toBillionths(one)).toBe(toBillionths(other));
  });

  test.each(["", ".", "1 Gi", "1gi", "1K", "m", "0x10", "1Gi2", "NaN", "Infinity", "1e", "--1"])(
    "%j is no quantity",
    (text) => {
      expect(toBillionths(text)).toBeUndefined();
    },
  );

  test("what is finer than a billionth is rounded up", () => {
    expect(toBillionths("0.1n")).toBe(1n);
    expect(toBillionths("1.0000000001")).toBe(1_000_000_001n);
  });

  test("a number is the amount it says", () => {
    expect(toBillionths(2)).toBe(toBillionths("2"));
    expect(toBillionths(0.25)).toBe(toBillionths("250m"));
  });

  test("every spelling of an amount is the same amount, and no other amount is", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.bigInt({ min: 1n, max: 1000n }), (milli, more) => {
        const whole = `${milli / 1000n}.${String(milli % 1000n).padStart(3, "0")}`;
        expect(toBillionths(`${milli}m`)).toBe(toBillionths(whole));
        expect(toBillionths(`${milli * 1000n}u`)).toBe(toBillionths(`${milli}e-3`));
        expect(toBillionths(`${milli + more}m`)).not.toBe(toBillionths(whole));
      }),
    );
  });

  test("memory is whole bytes", () => {
    expect(toBytes("512Mi")).toBe(512 * 2 ** 20);
    expect(toBytes("1G")).toBe(1e9);
    expect(toBytes("many")).toBeUndefined();
  });
});
