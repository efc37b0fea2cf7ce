import fc from "fast-check";
import { limits } from "@sendsar/protocol/limits";
import type { Forger, Forgery } from "./forge-token.ts";
import { forgeToken } from "./forge-token.ts";

/** A token with one thing wrong, made by chance. */
export interface GeneratedMutant {
  /** Of its threat: B01 to B11. */
  readonly id: string;
  readonly make: (forger: Forger) => string;
}

/** So many mutants, of every threat about as many. The same seed makes the same. All can stand in a header line. */
export const generateTokenMutants = (count: number, seed: number): readonly GeneratedMutant[] => {
  const families = Object.entries(mutants).map(([id, family]) => family.map((make): GeneratedMutant => ({ id, make })));
  return fc.sample(fc.oneof(...families), { numRuns: count, seed });
};

type Make = (forger: Forger) => string;

const forgery = (arbitrary: fc.Arbitrary<(forger: Forger) => Forgery>): fc.Arbitrary<Make> =>
  arbitrary.map((change) => (forger: Forger) => forgeToken(forger, change(forger)));

/** Visible characters, those of a token more often than others. */
const letter = fc.constantFrom(
  ..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.=+/~%!\"#&'()*,:;<>?@[]^`{|}".split(""),
);
const word = fc.string({ minLength: 1, maxLength: 20 });
const noText: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }),
  fc.dictionary(word, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3, noNullPrototype: true }),
);
const anything: fc.Arbitrary<unknown> = fc.oneof(noText, word);
const noNumber = anything.filter((value) => typeof value !== "number");

const algorithm = fc
  .oneof(
    anything,
    fc.constantFrom("none", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "dir", "hs256", "HS256 "),
  )
  .filter((alg) => alg !== "HS256");

/** One edit of the text: whatever it hits, the token is not the one that was signed. */
const edited: fc.Arbitrary<Make> = fc
  .record({ at: fc.nat(9999), how: fc.constantFrom("put", "insert", "cut", "swap"), with: letter })
  .map((edit) => (forger: Forger) => {
    const token = forgeToken(forger);
    const place = edit.at % (token.length - 1);
    const [before, one = "", next = "", after] = [
      token.slice(0, place),
      token[place],
      token[place + 1],
      token.slice(place + 2),
    ];
    const mutant = {
      put: before + edit.with + next + after,
      insert: before + edit.with + one + next + after,
      cut: before + next + after,
      swap: before + next + one + after,
    }[edit.how];
    // What came out as it was is broken in a way that always is one.
    return mutant === undefined || mutant === token ? token.slice(0, -1) : mutant;
  });

const claim = (name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<Make> =>
  forgery(value.map((wrong) => () => ({ payload: { [name]: wrong } })));

/** A number of seconds from now that a session cannot have there. */
const secondsOff = (name: string, off: fc.Arbitrary<number>): fc.Arbitrary<Make> =>
  forgery(
    off.map((seconds) => ({ now }: Forger) => ({ payload: { [name]: now + seconds } })),
  );

const { sessionLeewaySeconds: leeway, sessionSecondsMax: longest, userIdCharsMax, tokenCharsMax } = limits;
const far = 4_000_000_000;

const mutants: Readonly<Record<string, fc.Arbitrary<Make>>> = {
  B01: forgery(algorithm.map((alg) => () => ({ header: { alg } }))),
  B02: forgery(fc.uint8Array({ maxLength: 64 }).map((key) => () => ({ key: Buffer.from(key) }))),
  B03: edited,
  B04: forgery(
    fc.oneof(
      anything.map((kid) => () => ({ header: { kid } })),
      word.map((tenant) => ({ own }: Forger) => ({ header: { kid: `${tenant}.${own.keyId}` } })),
      fc.uuid().map((keyId) => ({ own }: Forger) => ({ header: { kid: `${own.tenantId}.${keyId}` } })),
    ),
  ),
  B05: forgery(
    fc
      .tuple(
        fc.oneof(word, fc.constantFrom("jku", "jwk", "x5u", "x5c", "x5t", "crit", "zip", "cty", "b64", "p2c")),
        anything,
      )
      .filter(([name]) => !["alg", "typ", "kid", "__proto__"].includes(name))
      .map(([name, value]) => () => ({ header: { [name]: value } })),
  ),
  B06: fc.oneof(
    ...["exp", "iat", "iatms"].map((name) => claim(name, noNumber)),
    claim("exp", fc.double({ noNaN: true, noInteger: true, noDefaultInfinity: true })),
    secondsOff("exp", fc.integer({ min: -far, max: -leeway })),
    secondsOff("exp", fc.integer({ min: longest, max: far })),
    secondsOff("nbf", fc.integer({ min: leeway + 1, max: far })),
    secondsOff("iat", fc.integer({ min: leeway + 1, max: far })),
    secondsOff("iat", fc.integer({ min: -far, max: -longest - leeway - 1 })),
  ),
  B07: fc.oneof(claim("iss", anything), claim("aud", anything)),
  B08: claim("tid", anything),
  B09: claim("typ", anything),
  B10: fc.oneof(
    claim("sub", noText),
    // A user that nobody has made.
    claim(
      "sub",
      fc.string({ unit: "grapheme", minLength: 1 }).map((name) => `nobody-${name}`),
    ),
    claim(
      "sub",
      fc.integer({ min: userIdCharsMax + 1, max: 1000 }).map((length) => "x".repeat(length)),
    ),
  ),
  B11: forgery(
    fc.oneof(
      fc.string({ maxLength: 200 }).map((text) => () => ({ payloadText: text })),
      fc.string({ maxLength: 200 }).map((text) => () => ({ headerText: text })),
      anything.map((value) => () => ({ payloadText: JSON.stringify(value) })),
      fc
        .integer({ min: tokenCharsMax, max: tokenCharsMax + 2000 })
        .map((length) => () => ({ payload: { x: "x".repeat(length) } })),
    ),
  ),
};
