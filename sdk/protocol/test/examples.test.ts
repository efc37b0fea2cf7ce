import { expect, test } from "vitest";
import { createComponents, openapiDialect } from "../../../scripts/generate/components.ts";
import { exampleOf } from "../../../scripts/generate/example.ts";
import { rootSchemas, schemasInside } from "./schema-walk.ts";

/** One place of each schema: a named one stands in many. */
const schemas = new Map(
  rootSchemas()
    .flatMap(schemasInside)
    .map(([place, schema]) => [schema, place]),
);

const examples = [...schemas].flatMap(([schema, place]) => {
  const given = schema.meta()?.["examples"];
  return Array.isArray(given) ? given.map((value: unknown) => ({ place, schema, value })) : [];
});

test("there are examples to look at, inside objects, arrays and unions too", () => {
  const places = examples.map(({ place }) => place);
  expect(places).toContain("sendMessage.body");
  expect(places).toContain("editMessage.body.parts[]");
  expect(places).toContain("down room-read.lastReadMessageId");
});

test.each(examples)("the example at $place fits its schema", ({ schema, value }) => {
  expect(schema.safeParse(value).error).toBeUndefined();
});

const made = rootSchemas().filter(([place]) => !/\.(params|query)$/.test(place));

test.each(made)("the example that the reference shows of %s fits", (place, schema) => {
  const components = createComponents(openapiDialect);
  const side = /body$|^up /.test(place) ? "input" : "output";
  const example = exampleOf(components.schema(schema, side), components, place);
  expect(schema.safeParse(example).error).toBeUndefined();
});
