import type { StructuralSchema } from "../../scripts/generate/structural-schema.ts";

/** A part of a schema, and where it is: `spec.gateway.env[].name`; values of a map are at `{}`. */
export interface SchemaPart {
  readonly path: string;
  readonly schema: StructuralSchema;
}

/** Every part of a schema, itself first. */
export function* walkSchema(schema: StructuralSchema, path = ""): Generator<SchemaPart> {
  yield { path, schema };
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    yield* walkSchema(property, path === "" ? name : `${path}.${name}`);
  if (schema.items) yield* walkSchema(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* walkSchema(schema.additionalProperties, `${path}{}`);
}

/** The value as the API server stores it: defaults filled in, from the outside to the inside. */
export const withDefaults = (schema: StructuralSchema, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => (schema.items ? withDefaults(schema.items, item) : item));
  if (typeof value !== "object" || value === null) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (filled[name] === undefined && property.default !== undefined) filled[name] = property.default;
    if (filled[name] !== undefined) filled[name] = withDefaults(property, filled[name]);
  }
  return filled;
};

/** Every value at the path of a schema's part, with what stands there in the object before. */
export const valuesAt = (path: string, value: unknown, before?: unknown): readonly ValuePair[] => {
  const steps = path === "" ? [] : path.split(/\.|(?=\[\])/);
  return steps.reduce<readonly ValuePair[]>(
    (pairs, step) =>
      pairs.flatMap((pair): readonly ValuePair[] => {
        if (step === "[]")
          return (pair.value as readonly unknown[]).map((item) => ({ value: item, before: undefined }));
        const next = fieldOf(pair.value, step);
        return next === undefined ? [] : [{ value: next, before: fieldOf(pair.before, step) }];
      }),
    [{ value, before }],
  );
};

interface ValuePair {
  readonly value: unknown;
  readonly before: unknown;
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
