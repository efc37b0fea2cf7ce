import fc from "fast-check";

/** A JSON value together with one of its many spellings. Numbers keep their digits, which a double would round. */
export type Spelled =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "string"; readonly text: string; readonly value: string }
  | { readonly kind: "literal"; readonly text: string; readonly value: boolean | null }
  | { readonly kind: "array"; readonly text: string; readonly items: readonly Spelled[] }
  | { readonly kind: "object"; readonly text: string; readonly entries: readonly (readonly [string, Spelled])[] };

type SpelledString = Extract<Spelled, { kind: "string" }>;

/** Every character as `\uXXXX`, the way only a test or an attacker writes. */
export const escapeAll = (value: string): string => {
  const units = Array.from({ length: value.length }, (_, index) => value.charCodeAt(index));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")}"`;
};

const spelledString: fc.Arbitrary<SpelledString> = fc
  .record({ value: fc.string({ unit: "binary", maxLength: 12 }), escaped: fc.boolean() })
  .map(({ value, escaped }) => {
    const kept = value.replaceAll("\u0000", "");
    return { kind: "string", value: kept, text: escaped ? escapeAll(kept) : JSON.stringify(kept) };
  });

/** A double, spelled short, with an exponent, or with zeros that change nothing. */
const spelledNumber: fc.Arbitrary<Spelled> = fc
  .record({
    value: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()),
    spelling: fc.constantFrom("short", "exponent", "zeros"),
  })
  .map(({ value, spelling }) => {
    const number = Object.is(value, -0) ? 0 : value;
    const short = String(number);
    if (spelling === "exponent") return { kind: "number", text: number.toExponential().replace("e", "E") };
    const zeros =
      spelling === "zeros" && !short.includes("e") ? `${short}${short.includes(".") ? "000" : ".000"}` : short;
    return { kind: "number", text: zeros };
  });

const spelledLiteral: fc.Arbitrary<Spelled> = fc
  .constantFrom(true, false, null)
  .map((value) => ({ kind: "literal", value, text: String(value) }));

const space = fc.constantFrom("", "", " ", "\n\t ");

/** Texts of JSON values that must be accepted and come back exactly. Few levels deep: see `wrapping` for more. */
export const goodJson: fc.Arbitrary<Spelled> = fc.letrec<{ value: Spelled; array: Spelled; object: Spelled }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      spelledString,
      spelledNumber,
      spelledLiteral,
      tie("array"),
      tie("object"),
    ),
    array: fc.tuple(fc.array(tie("value"), { maxLength: 4 }), space).map(([items, gap]) => ({
      kind: "array",
      items,
      text: `[${gap}${items.map((item) => item.text).join(`${gap},`)}${gap}]`,
    })),
    object: fc
      .tuple(
        fc.uniqueArray(fc.tuple(spelledString, tie("value")), { maxLength: 4, selector: ([key]) => key.value }),
        space,
      )
      .map(([pairs, gap]) => {
        const entries = pairs.filter(([key]) => key.value !== "__proto__" && key.value !== "constructor");
        const members = entries.map(([key, item]) => `${key.text}${gap}:${gap}${item.text}`);
        return {
          kind: "object",
          entries: entries.map(([key, item]) => [key.value, item] as const),
          text: `{${gap}${members.join(`,${gap}`)}${gap}}`,
        };
      }),
  }),
).value;

/** Any number that JSON allows, most of which no double holds. */
export const anyNumber: fc.Arbitrary<string> = fc.oneof(
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?$/),
  fc.stringMatching(/^-?[0-9]\.0{0,40}[0-9]0{0,40}$/),
);

/** Puts a text somewhere inside a document, 0 to 12 levels deep, among values that are good. */
export const wrapping: fc.Arbitrary<(inner: string) => string> = fc
  .array(fc.record({ kind: fc.constantFrom("array", "object"), before: goodJson, after: goodJson }), { maxLength: 12 })
  .map(
    (levels) => (inner: string) =>
      levels.reduce(
        (text, { kind, before, after }) =>
          kind === "array"
            ? `[${before.text},${text},${after.text}]`
            : `{"before":${before.text},"inner":${text},"after":${after.text}}`,
        inner,
      ),
  );

/** Is a value exactly what was spelled? Numbers are compared as decimals of any length. */
export const isExactly = (spelled: Spelled, value: unknown): boolean => {
  if (spelled.kind === "number") return typeof value === "number" && isSameDecimal(spelled.text, JSON.stringify(value));
  if (spelled.kind === "string" || spelled.kind === "literal") return value === spelled.value;
  if (spelled.kind === "array") {
    return (
      Array.isArray(value) &&
      value.length === spelled.items.length &&
      spelled.items.every((item, index) => isExactly(item, value[index]))
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return (
    Object.keys(value).length === spelled.entries.length &&
    spelled.entries.every(
      ([key, item]) => Object.hasOwn(value, key) && isExactly(item, (value as Record<string, unknown>)[key]),
    )
  );
};

/** Do two JSON numbers have the same value? Worked out in whole numbers, so nothing is rounded. */
export const isSameDecimal = (a: string, b: string): boolean => {
  const [left, right] = [toDecimal(a), toDecimal(b)];
  const shift = left.exponent - right.exponent;
  return shift >= 0
    ? left.mantissa * 10n ** BigInt(shift) === right.mantissa
    : left.mantissa === right.mantissa * 10n ** BigInt(-shift);
};

const toDecimal = (token: string): { readonly mantissa: bigint; readonly exponent: number } => {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(token) ?? [];
  const mantissa = BigInt(`${whole}${fraction}`);
  return { mantissa: sign === "-" ? -mantissa : mantissa, exponent: Number(exponent) - fraction.length };
};
