import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";
import type { JsonSchema } from "../../../scripts/generate/json-schema.ts";
import type { Api } from "./operations.ts";

/** What of a body does not fit a schema of the API; empty if all does. A field that the schema does not name is one. */
export type Check = (schema: JsonSchema, body: unknown) => readonly string[];

export const createCheck = ({ schemas }: Pick<Api, "schemas">): Check => {
  const id = "https://sendsar.test/openapi.json";
  const ajv = new Ajv2020({ strict: false, formats: fullFormats });
  const closed = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, close(schema)]));
  ajv.addSchema({ $id: id, components: { schemas: closed } });
  const compiled = new Map<JsonSchema, ValidateFunction>();
  return (schema, body) => {
    const fits = compiled.get(schema) ?? ajv.compile(withBase(close(schema), id));
    compiled.set(schema, fits);
    fits(body);
    return (fits.errors ?? []).map(({ instancePath, message, params }) =>
      `${generalized(instancePath)} ${message ?? ""} ${JSON.stringify(params)}`.trim(),
    );
  };
};

/** Clients must bear fields that they do not know. That we answer one that we do not document is a defect all the same. */
const close = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  ...(schema.properties && {
    properties: mapValues(schema.properties, close),
    additionalProperties: schema.additionalProperties ?? false,
  }),
  ...(schema.items && { items: close(schema.items) }),
  ...(schema.anyOf && { anyOf: schema.anyOf.map(close) }),
});

/** References are from the top of the document. */
const withBase = (schema: JsonSchema, id: string): JsonSchema => ({
  ...schema,
  ...(schema.$ref !== undefined && { $ref: schema.$ref.startsWith("#") ? `${id}${schema.$ref}` : schema.$ref }),
  ...(schema.properties && { properties: mapValues(schema.properties, (one) => withBase(one, id)) }),
  ...(schema.items && { items: withBase(schema.items, id) }),
  ...(schema.anyOf && { anyOf: schema.anyOf.map((one) => withBase(one, id)) }),
});

const mapValues = <T>(values: Readonly<Record<string, T>>, map: (value: T) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));

const generalized = (path: string): string => path.replaceAll(/\/\d+/g, "/…");
