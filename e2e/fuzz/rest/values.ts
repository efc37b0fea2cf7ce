import fc from "fast-check";
import type { JsonSchema } from "../../../scripts/generate/json-schema.ts";
import { kindOf, referenceTo } from "./reference.ts";

/** Makes values that fit a schema; `name` is that of the field or parameter, which says what ids it holds. */
export type Values = (schema: JsonSchema, name?: string) => fc.Arbitrary<unknown>;

/** Values for the schemas of an API: mostly short, at times as long as may be, at times of letters that few use. */
export const createValues = (named: Readonly<Record<string, JsonSchema>>): Values => {
  const resolve = (schema: JsonSchema): JsonSchema => {
    if (schema.$ref === undefined) return schema;
    const found = named[schema.$ref.split("/").at(-1) ?? ""];
    if (!found) throw new Error(`unable to make a value; there is no schema ${schema.$ref}`);
    return resolve(found);
  };

  const values: Values = (given, name = "") => {
    const schema = resolve(given);
    const special = specials[name];
    const kind = schema.type === "array" ? undefined : kindOf(name);
    const plain = plainValue(schema, name);
    if (special) return fc.oneof({ weight: 6, arbitrary: special }, { weight: 1, arbitrary: plain });
    if (kind === undefined) return plain;
    return fc.oneof({ weight: 9, arbitrary: referenceTo(kind) }, { weight: 1, arbitrary: plain });
  };

  const plainValue = (schema: JsonSchema, name: string): fc.Arbitrary<unknown> => {
    if (schema.const !== undefined) return fc.constant(schema.const);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    if (schema.anyOf) return fc.oneof(...schema.anyOf.map((option) => values(option, name)));
    const types = [schema.type ?? []].flat();
    if (types.length === 0) return anyJson;
    const [first = "null", ...rest] = types.map((type) => ofType(schema, type, name));
    // Where there may be null, there is more to try than that.
    return fc.oneof({ weight: 5, arbitrary: first as fc.Arbitrary<unknown> }, ...(rest as fc.Arbitrary<unknown>[]));
  };

  const ofType = (schema: JsonSchema, type: string, name: string): fc.Arbitrary<unknown> => {
    if (type === "string") return text(schema);
    if (type === "integer" || type === "number") return whole(schema);
    if (type === "boolean") return fc.boolean();
    if (type === "null") return fc.constant(null);
    if (type === "array") return list(schema, name);
    if (type === "object") return object(schema);
    throw new Error(`unable to make a value; there is no type ${type}`);
  };

  const list = ({ items = {}, minItems = 0, maxItems = 5 }: JsonSchema, name: string): fc.Arbitrary<unknown> => {
    const item = values(items, name === "parts" ? "part" : name);
    const few = fc.array(item, { minLength: minItems, maxLength: Math.min(maxItems, minItems + 3) });
    const full = item.map((one) => Array.from({ length: Math.min(maxItems, 150) }, () => one));
    return fc.oneof({ weight: 30, arbitrary: few }, { weight: 1, arbitrary: full });
  };

  const object = (schema: JsonSchema): fc.Arbitrary<unknown> => {
    if (!schema.properties) return anyObject;
    const fields = Object.entries(schema.properties).map(([name, field]) => {
      const value = values(field, name).map((one): readonly [string, unknown][] => [[name, one]]);
      if (schema.required?.includes(name)) return value;
      // A whole object of its own is mostly refused, and then the rest of the request is not looked at.
      const weight = resolve(field).properties ? 6 : 1;
      return fc.oneof({ weight, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: value });
    });
    return fc.tuple(...fields).map((entries) => Object.fromEntries(entries.flat()));
  };

  return memoized(values);
};

/** A schema is looked at once; there are far more requests than schemas. */
const memoized = (values: Values): Values => {
  const known = new Map<JsonSchema, Map<string, fc.Arbitrary<unknown>>>();
  return (schema, name = "") => {
    const byName = known.get(schema) ?? new Map<string, fc.Arbitrary<unknown>>();
    known.set(schema, byName);
    const found = byName.get(name) ?? values(schema, name);
    byName.set(name, found);
    return found;
  };
};

/** Objects and lists a few levels deep. */
export const anyJson = fc.jsonValue({ maxDepth: 3 });

const anyObject = fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), anyJson, {
  maxKeys: 5,
  noNullPrototype: true,
});

const text = ({ minLength = 0, maxLength = 100, pattern, format }: JsonSchema): fc.Arbitrary<string> => {
  if (format === "date-time") return date;
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern)).filter((value) => value.length <= maxLength);
  const upTo = (more: number) => ({ minLength, maxLength: Math.min(maxLength, minLength + more) });
  return fc.oneof(
    { weight: 12, arbitrary: fc.string({ unit: plainLetter, ...upTo(12) }) },
    { weight: 3, arbitrary: fc.string({ unit: "grapheme", ...upTo(12) }).map(fit(minLength, maxLength)) },
    { weight: 2, arbitrary: fc.constantFrom(...oddTexts).map(fit(minLength, maxLength)) },
    { weight: 1, arbitrary: fc.constantFrom(minLength, maxLength).map((length) => "x".repeat(length)) },
  );
};

const plainLetter = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789_-".split(""));

const fit = (min: number, max: number) => (value: string) => value.slice(0, max).toWellFormed().padEnd(min, "x");

const date = fc
  .date({ min: new Date("1970-01-01T00:00:00Z"), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true })
  .map((value) => value.toISOString());

const whole = ({ minimum = -1_000_000, maximum = 1_000_000 }: JsonSchema): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: minimum, max: Math.min(maximum, minimum + 500) }) },
    { weight: 1, arbitrary: fc.constantFrom(minimum, maximum) },
    { weight: 1, arbitrary: fc.maxSafeNat().map((n) => minimum + (n % (maximum - minimum + 1))) },
  );

/** Texts that something on the way might take for more than text. */
export const oddTexts: readonly string[] = [
  " ",
  "me",
  "default",
  "null",
  "__proto__",
  "constructor",
  "toString",
  "%",
  "%_",
  "\\",
  "../../etc/passwd",
  "a/b",
  "a,b,,c",
  "dm:a:b",
  "'; drop table users; --",
  `" or 1=1`,
  "{{7*7}}${7*7}",
  "<script>alert(1)</script>",
  "\u202egnp.exe",
  "\u0001\u001f\u007f",
  "\r\nset-cookie: a=b",
  "e\u0301\u0323".repeat(20),
  "👩‍👩‍👧‍👦",
  "\uffff\ufeff",
];

const url = fc.constantFrom(
  "https://example.com/a.png",
  "http://127.0.0.1:1/",
  "https://user:pass@example.com/?q=%00#x",
  `https://example.com/${"x".repeat(2000)}`,
);

/** Parts of messages: what the contract says of them is more than their schema. */
const part: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("text"), text: text({ maxLength: 10_000 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("file"), url }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("file"),
      uploadId: referenceTo("upload"),
      mediaType: fc.constantFrom("image/png", "text/html"),
      filename: text({ maxLength: 255 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constantFrom("data-order", "data-call", "mention", "x"), data: anyJson }),
  },
);

/** Fields whose schema says too little to make a request that goes far. */
const specials: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  part,
  avatarUrl: url,
  emoji: fc.constantFrom("👍", "❤️", ":tada:", "x"),
  mediaType: fc.constantFrom("image/png", "application/pdf", "text/html", "audio/webm;codecs=opus"),
  filename: fc.constantFrom("menu.pdf", "a.png", "../a", 'a".png\r\nx: y', "\u202egnp.exe", "ភាសាខ្មែរ.pdf"),
  sizeBytes: fc.constantFrom(1, 1000, 5_242_880, 5_242_881),
  customTypesFilter: fc.constantFrom("order", "order,support", ",,", "%", "a".repeat(64)),
  limit: fc.constantFrom("1", "30", "100", "101", "999999999"),
};
