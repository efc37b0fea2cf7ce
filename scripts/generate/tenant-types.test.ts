import { describe, expect, test } from "vitest";
import type { StructuralSchema } from "./structural-schema.ts";
import { boundsText, defaultText, typeName } from "./structural-text.ts";
import { printTypes } from "./tenant-types.ts";

const text = (more: StructuralSchema = {}): StructuralSchema => ({ type: "string", description: "A text.", ...more });
const object = (
  properties: Readonly<Record<string, StructuralSchema>>,
  more: StructuralSchema = {},
): StructuralSchema => ({
  type: "object",
  description: "An object.",
  properties,
  ...more,
});
const print = (spec: StructuralSchema, names: Readonly<Record<string, string>> = { spec: "Spec" }): string =>
  printTypes(object({ spec }), ["spec"], names).join("\n");

describe("types of a structural schema", () => {
  test("a field is there when it is required or has a default, and may be absent otherwise", () => {
    const spec = object({ a: text(), b: text({ default: "" }), c: text() }, { required: ["c"] });
    expect(print(spec)).toBe(`/** An object. */
export interface Spec {
  /** A text. */
  readonly a?: string;
  /** A text. */
  readonly b: string;
  /** A text. */
  readonly c: string;
}
`);
  });

  test("lists, maps, choices, quantities and free objects have their types", () => {
    const free: StructuralSchema = {
      type: "object",
      description: "Free.",
      "x-kubernetes-preserve-unknown-fields": true,
    };
    const spec = object({
      list: { type: "array", description: "L.", items: text({ enum: ["a", "b"] }) },
      map: { type: "object", description: "M.", additionalProperties: { "x-kubernetes-int-or-string": true } },
      free,
    });
    expect(print(spec)).toContain('readonly list?: readonly ("a" | "b")[];');
    expect(print(spec)).toContain("readonly map?: Readonly<Record<string, string | number>>;");
    expect(print(spec)).toContain("readonly free?: Readonly<Record<string, unknown>>;");
  });

  test("two paths share a type if they have the same fields", () => {
    const names = { spec: "Spec", "spec.*": "Part" };
    const printed = print(
      object({ one: object({ a: text() }), two: object({ a: text({ description: "B." }) }) }),
      names,
    );
    expect(printed.match(/interface Part/g)).toHaveLength(1);
    const other = object({ one: object({ a: text() }), two: object({ b: text() }) });
    expect(() => print(other, names)).toThrow("unable to generate types; Part has two shapes");
  });

  test("an object without a name, a name without an object, and a field without a description are refused", () => {
    expect(() => print(object({ inner: object({}) }))).toThrow("the object at spec.inner has no name");
    expect(() => print(object({}), { spec: "Spec", "spec.gone": "Gone" })).toThrow("there is no object at spec.gone");
    expect(() => print(object({ a: { type: "string" } }))).toThrow("spec.a has no description");
  });
});

describe("a structural schema in words", () => {
  test.each([
    [text({ enum: ["A", "B"] }), "`A`, `B`", "", ""],
    [text({ minLength: 1, maxLength: 5, pattern: "^a$" }), "string", "1 to 5 characters; `^a$`", ""],
    [{ type: "integer", minimum: 0, maximum: 1_000_000, default: 2 }, "integer", "0 to 1,000,000", "`2`"],
    [{ type: "array", items: text(), maxItems: 3 }, "list of string", "at most 3 items", ""],
    [{ type: "object", additionalProperties: text(), maxProperties: 8 }, "map of string", "at most 8 keys", ""],
    [text({ format: "date-time", maxLength: 64 }), "time", "", ""],
    [object({ a: text({ default: "x" }) }, { default: { a: "x" } }), "object", "", ""],
    [object({ a: text() }, { default: { a: "x" } }), "object", "", '`{"a":"x"}`'],
  ] as const)("%j", (schema, type, bounds, given) => {
    expect([typeName(schema), boundsText(schema), defaultText(schema)]).toEqual([type, bounds, given]);
  });
});
