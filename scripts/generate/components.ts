import { isDeepStrictEqual } from "node:util";
import type * as z from "zod";
import { type Dialect, type JsonSchema, type Side, toJsonSchema } from "./json-schema.ts";

/** The named schemas of one document, collected while its parts are written. */
export interface Components {
  /** JSON Schema of a Zod schema; what has an id becomes a reference to a component. */
  readonly schema: (schema: z.ZodType, side: Side) => JsonSchema;
  /** Every component met so far, by name in alphabetical order. */
  readonly all: () => Readonly<Record<string, JsonSchema>>;
  /** The component that a `$ref` names, or the schema itself. Throws for a reference to nothing. */
  readonly resolve: (schema: JsonSchema) => JsonSchema;
}

/** An empty collection. Throws later, when one id is met with two shapes: a reader could not tell which is meant. */
export const createComponents = (dialect: Dialect): Components => {
  const components = new Map<string, JsonSchema>();
  const add = (name: string, schema: JsonSchema): void => {
    const known = components.get(name);
    if (known !== undefined && !isDeepStrictEqual(known, schema))
      throw new Error(`unable to describe ${name}; it has one shape in requests and another in answers`);
    components.set(name, schema);
  };
  return {
    schema: (schema, side) => {
      const { root, named } = toJsonSchema(schema, side, dialect);
      for (const [name, definition] of Object.entries(named)) add(name, definition);
      return root;
    },
    all: () => Object.fromEntries([...components].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    resolve: (schema) => {
      const name = componentName(schema);
      if (name === undefined) return schema;
      const component = components.get(name);
      if (component === undefined) throw new Error(`unable to resolve ${name}; no such component`);
      return component;
    },
  };
};

/** Name of the component that a schema refers to. */
export const componentName = (schema: JsonSchema): string | undefined => schema.$ref?.split("/").at(-1);

/** How OpenAPI refers to components; the reference pages are written from the same collection. */
export const openapiDialect: Dialect = {
  target: "draft-2020-12",
  refPrefix: "#/components/schemas/",
};

/** How AsyncAPI does: its schemas are JSON Schema draft 7. */
export const asyncapiDialect: Dialect = { target: "draft-7", refPrefix: "#/components/schemas/" };
