import fc from "fast-check";
import { oddTexts } from "./values.ts";

/** One thing done to a value to make it unfit, or fit only just: at the `at`-th of all places in it, counted round. */
export interface Break {
  readonly at: number;
  readonly how: "replace" | "remove" | "addKey" | "repeat";
  readonly by: unknown;
}

/** What is likely to be treated wrongly wherever it stands. */
const awkward: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 1.5, 2 ** 31, 2 ** 53 + 1, 1e308, -1e308, 1e-320, "", [], {}, [[]], [null]],
  ...[" ", "0", "true", "\u0000", "a\u0000b", "\ud800", "a\udc00b", "\uffff", "NaN", "1e400"],
  ...["2026-13-45T99:99:99.999Z", "0000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"],
  ...["00000000-0000-0000-0000-000000000000", "{0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11}", "javascript:alert(1)"],
  ...[33, 65, 101, 129, 256, 1025, 2049, 4097, 10_001, 16_385].map((length) => "x".repeat(length)),
  ...[21, 33, 101, 1001].map((length) => Array.from({ length }, (_, index) => `x${index}`)),
  { toString: "x", length: -1 },
  { $gt: "" },
  { __proto__: null, hasOwnProperty: 1 },
  Array.from({ length: 40 }).reduce<unknown>((inner) => [inner], "deep"),
  Array.from({ length: 40 }).reduce<unknown>((inner) => ({ a: inner }), "deep"),
];

/** None mostly, else a few. */
export const breaks: fc.Arbitrary<readonly Break[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.record({
        at: fc.nat(99),
        how: fc.constantFrom(
          "replace" as const,
          "replace" as const,
          "remove" as const,
          "addKey" as const,
          "repeat" as const,
        ),
        by: fc.oneof(fc.constantFrom(...awkward), fc.constantFrom(...oddTexts)),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  },
);

/** The value with something broken in it; what was given stays as it is. */
export const breakValue = (value: unknown, { at, how, by }: Break): unknown => {
  const places = placesIn(value, []);
  const place = places[at % places.length] ?? [];
  return change(value, place, (found) => {
    if (how === "replace") return by;
    if (how === "repeat" && Array.isArray(found)) return [...(found as unknown[]), ...(found as unknown[])];
    if (how === "addKey" && isObject(found)) return { ...found, [typeof by === "string" ? by : "extra"]: by };
    return removed;
  });
};

const removed = Symbol("removed");

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value) as null);

type Place = readonly string[];

const placesIn = (value: unknown, above: Place): Place[] => {
  if (!isObject(value) && !Array.isArray(value)) return [above];
  // Long lists are of one kind.
  const entries = Object.entries(value).slice(0, 20);
  return [above, ...entries.flatMap(([key, item]) => placesIn(item, [...above, key]))];
};

const change = (value: unknown, [key, ...below]: Place, to: (found: unknown) => unknown): unknown => {
  if (key === undefined) {
    const changed = to(value);
    return changed === removed ? null : changed;
  }
  const isLast = below.length === 0;
  const found = (value as Readonly<Record<string, unknown>>)[key];
  const changed = isLast ? to(found) : change(found, below, to);
  if (Array.isArray(value)) {
    return (value as unknown[]).flatMap((item, index) =>
      String(index) !== key ? [item] : changed === removed ? [] : [changed],
    );
  }
  const entries = Object.entries(value as object).flatMap(([name, item]): (readonly [string, unknown])[] =>
    name !== key ? [[name, item]] : changed === removed ? [] : [[name, changed]],
  );
  return Object.fromEntries(entries);
};
