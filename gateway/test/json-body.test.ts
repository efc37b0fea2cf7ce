import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import {
  anyNumber,
  escapeAll,
  goodJson,
  isExactly,
  isSameDecimal,
  wrapping,
} from "../../scripts/testing/json-texts.ts";
import { ChatError } from "../src/chat/chat-error.ts";
import { parseJson } from "../src/http/json-body.ts";

const refusalOf = (text: string): string => {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof ChatError) return error.code;
    throw error;
  }
  return "accepted";
};

const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

describe("what is accepted", () => {
  test("H03 every accepted body comes back exactly, also after it was written and read once more", () => {
    fc.assert(
      fc.property(goodJson, (spelled) => {
        const value = parseJson(spelled.text);
        expect(isExactly(spelled, value), spelled.text).toBe(true);
        expect(isExactly(spelled, JSON.parse(JSON.stringify(value))), spelled.text).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("H03 a number is accepted exactly when what is read has the digits that were written", () => {
    fc.assert(
      fc.property(anyNumber, (token) => {
        const read = Number(token);
        const survives = Number.isFinite(read) && !Object.is(read, -0) && isSameDecimal(token, JSON.stringify(read));
        expect(refusalOf(`[${token}]`), token).toBe(survives ? "accepted" : "invalid_json");
      }),
      { numRuns: 5000 },
    );
  });

  test("H01 as many levels as the limit are accepted, one more is not", () => {
    expect(refusalOf(nested(limits.jsonDepthMax))).toBe("accepted");
    expect(refusalOf(nested(limits.jsonDepthMax + 1))).toBe("invalid_json");
    const object = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    expect(refusalOf(object(limits.jsonDepthMax))).toBe("accepted");
    expect(refusalOf(object(limits.jsonDepthMax + 1))).toBe("invalid_json");
  });

  test("H03 texts that only look like something refused are kept", () => {
    const texts = [
      '{"a":1,"b":"\\"a\\":2"}',
      '"-0"',
      '"1e400 "',
      '["a", {"a":1}, {"a":1}]',
      '"__proto__"',
      '{"constructor":1}',
    ];
    for (const text of texts) expect(parseJson(text), text).toEqual(JSON.parse(text));
  });
});

/** Things that JavaScript or Postgres would change without a word, or that change JavaScript. */
const poisons: Readonly<Record<string, fc.Arbitrary<string>>> = {
  "H03 a doubled key": fc
    .tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 8 }), goodJson)
    .map(([key, { text }]) => [key.replaceAll("\u0000", "x"), text] as const)
    .filter(([key]) => key !== "__proto__" && key !== "constructor")
    .map(([key, text]) => `{${JSON.stringify(key)}:${text},"other":[],${escapeAll(key)} :${text}}`),
  "H03 half a surrogate pair in a text": fc
    .tuple(fc.string({ maxLength: 5 }), fc.integer({ min: 0xd800, max: 0xdfff }), fc.string({ maxLength: 5 }))
    .map(([before, unit, after]) => escapeAll(`${before}${String.fromCharCode(unit)}${after}`)),
  "H03 half a surrogate pair in a key": fc
    .integer({ min: 0xd800, max: 0xdfff })
    .map((unit) => `{${escapeAll(String.fromCharCode(unit))}:1}`),
  "H05 NUL in a text": fc
    .tuple(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }))
    .map(([before, after]) => JSON.stringify(`${before}\u0000${after}`)),
  "H05 NUL in a key": fc.string({ maxLength: 5 }).map((key) => `{${JSON.stringify(`${key}\u0000`)}:1}`),
  "H03 a number beyond a double": fc.constantFrom("1e400", "-1e400", "1E+309", "2e308", "-0", "-0.0", "-0e5"),
  "H03 a number that a double rounds": fc.constantFrom(
    "9007199254740993",
    "-9007199254740993",
    "0.12345678901234567890",
    "1e-400",
  ),
  "H02 __proto__": fc.constantFrom(
    '{"__proto__":{"polluted":1}}',
    '{"__proto__":null}',
    '{"\\u005f_proto_\\u005f" :{"polluted":1}}',
  ),
  "H02 constructor.prototype": fc.constantFrom(
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"constructo\\u0072":{"\\u0070rototype":{"polluted":1}}}',
  ),
};

describe("what is refused, wherever in a body it stands", () => {
  for (const [name, poison] of Object.entries(poisons)) {
    test(name, () => {
      fc.assert(
        fc.property(poison, wrapping, (text, wrap) => {
          expect(refusalOf(wrap("0")), "the same body without it").toBe("accepted");
          expect(refusalOf(wrap(text)), wrap(text)).toBe("invalid_json");
        }),
        { numRuns: 300 },
      );
      expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    });
  }

  test("H03 what is no JSON at all", () => {
    const texts = [
      "{",
      "nul",
      "[1,]",
      "{'a':1}",
      "[01]",
      "[.5]",
      "[1.]",
      "[NaN]",
      "[Infinity]",
      '["\t"]',
      '["\\x"]',
      "[1]]",
      "//\n1",
    ];
    for (const text of texts) expect(refusalOf(text), text).toBe("invalid_json");
  });
});

/** CPU of the cheapest of three runs: a pause of the machine or of the compiler is not the parser's. */
const cpuMs = (text: string): number => {
  const runs = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    refusalOf(text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...runs);
};

describe("H01 the largest body that is read costs little, whatever its shape", () => {
  const bytes = limits.roomCreateBodyBytesMax;
  const list = (item: string): string =>
    `[${Array(Math.floor(bytes / (item.length + 1)) - 1)
      .fill(item)
      .join(",")}]`;
  const keys = Array.from({ length: 25_000 }, (_, index) => `"${index.toString(36)}":1`);
  const shapes: Readonly<Record<string, string>> = {
    "lists as deep as they can be": nested(bytes / 2),
    "objects as deep as they can be": `${'{"":'.repeat(52_000)}1${"}".repeat(52_000)}`,
    "as many keys as it can hold": `{${keys.join(",")}}`,
    "one key again and again": list('{"a":1}'),
    "small numbers": list("1"),
    "numbers that are looked at": list("0e0"),
    "long numbers": list("1.0000000000000001e5"),
    "one number with a quarter of a million zeros": `[1.${"0".repeat(bytes - 10)}1]`,
    "many numbers with a thousand zeros": list(`1.${"0".repeat(1000)}1`),
    "one long text": `["${"a".repeat(bytes - 10)}"]`,
    "one text of escapes": `["${"\\\\".repeat(bytes / 2 - 10)}"]`,
    "texts that look like keys": list('"\\"__proto__\\":"'),
    "spaces behind texts": list(`"a"${" ".repeat(1000)}`),
    "empty lists": list("[]"),
  };
  for (const [name, text] of Object.entries(shapes)) {
    test(name, () => {
      expect(text.length).toBeLessThanOrEqual(bytes);
      // The goal is 50 ms. What this is to catch, time that grows with the square of the body, takes seconds.
      expect(cpuMs(text)).toBeLessThan(50 * 4);
    });
  }
});
