import type { Components } from "./components.ts";
import type { JsonSchema } from "./json-schema.ts";

/**
 * A value that fits a schema, put together from the examples inside it. Optional fields without one are left out.
 * Throws with the path of a required field that has none: every answer and body of the reference shows an example.
 */
export const exampleOf = (schema: JsonSchema, components: Components, path: string): unknown => {
  const value = findExample(schema, components, path);
  if (value === undefined) throw new Error(`unable to make an example of ${path}; give its schema .meta({ examples })`);
  return value;
};

const findExample = (schema: JsonSchema, components: Components, path: string): unknown => {
  const given = schema.examples?.[0] ?? schema.const ?? schema.default ?? schema.enum?.[0];
  if (given !== undefined) return given;
  if (schema.$ref !== undefined) return findExample(components.resolve(schema), components, path);
  const [first] = schema.anyOf ?? schema.allOf ?? [];
  if (first !== undefined) return findExample(first, components, path);
  if (schema.properties !== undefined) return objectExample(schema, components, path);
  if (schema.type === "array" && schema.items !== undefined) return [exampleOf(schema.items, components, `${path}[]`)];
  if (schema.type === "boolean") return true;
  if (schema.type === "integer") return schema.minimum ?? 1;
  return Array.isArray(schema.type) && schema.type.includes("null") ? null : undefined;
};

const objectExample = (schema: JsonSchema, components: Components, path: string): unknown => {
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const make = schema.required?.includes(name) ? exampleOf : findExample;
    return [name, make(field, components, `${path}.${name}`)];
  });
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
};
