import * as z from "zod";

/** The part of JSON Schema that the contract's schemas are written in. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  /** How draft 7 puts a description beside a reference. */
  readonly allOf?: readonly JsonSchema[];
}

/** Which side of a parse is described: what may come in, or what goes out. */
export type Side = "input" | "output";

/** How the schemas of one document are written. */
export interface Dialect {
  readonly target: "draft-2020-12" | "draft-7";
  /** What stands before the name of a component in a `$ref`. */
  readonly refPrefix: string;
}

/**
 * A Zod schema as JSON Schema, with the named schemas it refers to. Keeps what a reader or a validator needs and drops
 * what only repeats it (the pattern beside a format, the bounds of a safe integer). Answers stay open to new fields: a
 * field that a later minor version adds must not make them invalid. Throws for a schema that JSON Schema cannot carry.
 */
export const toJsonSchema = (
  schema: z.ZodType,
  side: Side,
  dialect: Dialect,
): { root: JsonSchema; named: Readonly<Record<string, JsonSchema>> } => {
  const json: Loose = z.toJSONSchema(schema, {
    io: side,
    target: dialect.target,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "transform") jsonSchema["x-transform"] = true;
    },
  });
  const named = Object.entries(asLoose(json["$defs"] ?? json["definitions"] ?? {}));
  for (const [name, definition] of named) requireNamed(name, definition);
  return {
    root: tidy(json, dialect),
    named: Object.fromEntries(
      named
        .filter(([name]) => !isUnnamed(name))
        .map(([name, definition]) => [name, tidy(asLoose(definition), dialect)]),
    ),
  };
};

type Loose = Readonly<Record<string, unknown>>;

const asLoose = (value: unknown): Loose => {
  if (typeof value !== "object" || value === null)
    throw new Error(`unable to read a schema; ${JSON.stringify(value)} is none`);
  return value as Loose;
};

/** Zod numbers a recursive schema that has no id. `z.json()` is the one we know how to write: as "anything". */
const isUnnamed = (name: string): boolean => name.startsWith("__schema");

const requireNamed = (name: string, definition: unknown): void => {
  const isAnyJson = JSON.stringify(definition).includes(`"additionalProperties":{"$ref":`);
  if (isUnnamed(name) && !isAnyJson)
    throw new Error(`unable to write a recursive schema; give it an id with .meta({ id })`);
};

const tidy = (json: Loose, dialect: Dialect): JsonSchema => {
  const result: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(json)) {
    if (isNoise(keyword, value, json)) continue;
    if (keyword === "$ref") {
      const name = String(value).split("/").at(-1) ?? "";
      if (!isUnnamed(name)) result["$ref"] = dialect.refPrefix + name;
    } else if (keyword === "properties") {
      result[keyword] = Object.fromEntries(
        Object.entries(asLoose(value)).map(([name, field]) => [name, tidy(asLoose(field), dialect)]),
      );
    } else if (keyword === "items" || (keyword === "additionalProperties" && value !== true)) {
      result[keyword] = tidy(asLoose(value), dialect);
    } else if (Array.isArray(value) && (keyword === "anyOf" || keyword === "allOf")) {
      result[keyword] = value.map((option) => tidy(asLoose(option), dialect));
    } else result[keyword] = value;
  }
  return withKnownType(joinNull(result), json);
};

const isNoise = (keyword: string, value: unknown, json: Loose): boolean =>
  keyword === "$schema" ||
  keyword === "$defs" ||
  keyword === "definitions" ||
  keyword === "propertyNames" ||
  keyword === "x-transform" ||
  (keyword === "additionalProperties" && value === false) ||
  (keyword === "pattern" && json["format"] !== undefined) ||
  (keyword === "minimum" && value === Number.MIN_SAFE_INTEGER) ||
  (keyword === "maximum" && value === Number.MAX_SAFE_INTEGER);

/** `anyOf: [X, null]` becomes X with two types where X has a type of its own: shorter to read, and the same. */
const joinNull = (json: Loose): Loose => {
  const options = json["anyOf"];
  if (!Array.isArray(options) || options.length !== 2 || options[1]?.type !== "null") return json;
  const { anyOf: _, ...rest } = json;
  const { type, enum: values, ...option } = asLoose(options[0]);
  if (typeof type !== "string") return json;
  return {
    type: [type, "null"],
    ...(Array.isArray(values) ? { enum: [...(values as unknown[]), null] } : {}),
    ...option,
    ...rest,
  };
};

/** What leaves a transform has no JSON Schema; a default beside it at least tells the type. */
const withKnownType = (result: Loose, json: Loose): JsonSchema => {
  if (json["x-transform"] !== true || result["type"] !== undefined) return result;
  if (typeof json["default"] !== "string")
    throw new Error("unable to describe what a transform answers; use .overwrite() instead");
  return { type: "string", ...result };
};
