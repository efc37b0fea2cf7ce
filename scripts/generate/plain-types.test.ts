import { expect, test } from "vitest";
import * as z from "zod";
import { createTypePrinter } from "./plain-types.ts";

/** A registry entry of a test must not stay behind: ids are global. */
let ids = 0;
const freshId = (): string => `PlainTypesTest${(ids += 1)}`;

test("plain forms, on one line where nothing is lost", () => {
  const printer = createTypePrinter({ typeDocs: {} });
  const print = (schema: z.ZodType): string => printer.typeOf(schema, "output");
  expect(print(z.array(z.string().nullable()))).toBe("readonly (string | null)[]");
  expect(print(z.enum(["a", "b"]).optional())).toBe('"a" | "b" | undefined');
  expect(print(z.object({ "a-b": z.literal(1), c: z.boolean().optional() }))).toBe(
    '{ readonly "a-b": 1; readonly c?: boolean | undefined }',
  );
  expect(print(z.looseObject({ a: z.int() }))).toBe("{ readonly a: number; readonly [key: string]: unknown }");
  expect(print(z.record(z.string(), z.json()))).toBe("Readonly<Record<string, unknown>>");
  expect(print(z.union([z.object({ a: z.string() }), z.string()]))).toBe("{ readonly a: string } | string");
});

test("an object with something to say is a block, however deep it lies", () => {
  const inner = z.object({ b: z.string().meta({ description: "Said */ here" }) });
  const outer = z.object({ a: inner, c: z.array(inner), d: inner.nullish() });
  expect(createTypePrinter({ typeDocs: {} }).typeOf(outer, "output")).toBe(
    [
      "{",
      "  readonly a: {",
      "    /** Said *\\/ here. */",
      "    readonly b: string;",
      "  };",
      "  readonly c: readonly {",
      "    /** Said *\\/ here. */",
      "    readonly b: string;",
      "  }[];",
      "  readonly d?:",
      "    | {",
      "        /** Said *\\/ here. */",
      "        readonly b: string;",
      "      }",
      "    | null",
      "    | undefined;",
      "}",
    ].join("\n"),
  );
});

test("what has a default is optional for who gives it, and there for who gets it", () => {
  const printer = createTypePrinter({ typeDocs: {} });
  const schema = z.object({ a: z.string().default("x") });
  expect(printer.typeOf(schema, "input")).toBe("{ readonly a?: string | undefined }");
  expect(printer.typeOf(schema, "output")).toBe("{ readonly a: string }");
});

test("a named schema is declared once, after those it needs, with its own words before others", () => {
  const [outer, inner] = [freshId(), freshId()];
  const printer = createTypePrinter({ typeDocs: { [outer]: "Not these words", [inner]: "These words" } });
  const innerSchema = z.object({ a: z.string() }).meta({ id: inner });
  const outerSchema = z.object({ one: innerSchema, two: innerSchema }).meta({ id: outer, description: "Own words" });
  expect(printer.typeOf(outerSchema, "output")).toBe(outer);
  expect(printer.typeOf(outerSchema, "input")).toBe(outer);
  expect(printer.declared()).toEqual(new Set([inner, outer]));
  expect(printer.declarations()).toEqual([
    `/** These words. */\nexport interface ${inner} {\n  readonly a: string;\n}\n`,
    `/** Own words. */\nexport interface ${outer} {\n  readonly one: ${inner};\n  readonly two: ${inner};\n}\n`,
  ]);
});

test("what cannot be said is refused", () => {
  const printer = createTypePrinter({ typeDocs: {} });
  const [nameless, changing] = [freshId(), freshId()];
  expect(() => printer.typeOf(z.object({}).meta({ id: nameless }), "input")).toThrow(
    `unable to generate types; ${nameless} has no description`,
  );
  const schema = z.object({ a: z.string().default("x") }).meta({ id: changing, description: "Changes" });
  printer.typeOf(schema, "input");
  expect(() => printer.typeOf(schema, "output")).toThrow(`${changing} differs between input and output`);
  expect(() => printer.typeOf(z.date(), "input")).toThrow("a schema of type date has no plain form here");
});

test("a field with the note is required, in other words", () => {
  const printer = createTypePrinter({ typeDocs: {}, required: { note: "Needed by some", doc: "Needed" } });
  const schema = z.object({ a: z.string().nullish().meta({ description: "Needed by some; by others not" }) });
  expect(printer.typeOf(schema, "input")).toBe("{\n  /** Needed. */\n  readonly a: string;\n}");
});
