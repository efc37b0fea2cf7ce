import type { JsonSchema } from "./json-schema.ts";

/** Who would be hurt by a change: those who send a request, or those who read an answer. */
export type Reader = "request" | "answer";

/** The two documents whose schemas are compared; references are looked up in them. */
export interface Documents {
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * What in a new schema breaks a client written for the old one, one sentence each. A request may accept more and demand
 * nothing new; an answer may say more and take nothing away. Throws for a reference to nothing.
 */
export const compareSchemas = (
  before: JsonSchema,
  after: JsonSchema,
  reader: Reader,
  path: string,
  documents: Documents,
): readonly string[] => compare(before, after, { reader, path, documents, seen: new Set() });

interface Place {
  readonly reader: Reader;
  readonly path: string;
  readonly documents: Documents;
  /** Pairs of references already under comparison: schemas may contain themselves. */
  readonly seen: ReadonlySet<string>;
}

const compare = (before: JsonSchema, after: JsonSchema, place: Place): readonly string[] => {
  const pair = `${before.$ref} ${after.$ref}`;
  if (before.$ref !== undefined && place.seen.has(pair)) return [];
  const inside = { ...place, seen: new Set([...place.seen, pair]) };
  const old = toShapes(before, place.documents.before);
  const now = toShapes(after, place.documents.after);
  return place.reader === "request"
    ? old.flatMap((shape) => compareWithBest(shape, now, (other) => compareShapes(shape, other, inside), place))
    : now.flatMap((shape) => compareWithBest(shape, old, (other) => compareShapes(other, shape, inside), place));
};

/** A schema of one type, without references and alternatives. */
interface Shape extends Omit<JsonSchema, "$ref" | "anyOf" | "allOf"> {
  readonly type: string;
}

const anything = "any JSON";

const toShapes = (schema: JsonSchema, document: unknown): readonly Shape[] => {
  const { $ref, anyOf, allOf, ...rest } = schema;
  if ($ref !== undefined) return toShapes(resolve($ref, document), document);
  const options = anyOf ?? allOf;
  if (options !== undefined) return options.flatMap((option) => toShapes(option, document));
  const values = rest.enum ?? (rest.const === undefined ? undefined : [rest.const]);
  const types = [rest.type ?? values?.map(typeOf) ?? anything].flat();
  return [...new Set(types)].map((type) => ({
    ...rest,
    type,
    ...(values === undefined ? {} : { enum: values.filter((value) => typeOf(value) === type) }),
  }));
};

const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
};

const resolve = (ref: string, document: unknown): JsonSchema => {
  const found = ref
    .split("/")
    .slice(1)
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document);
  if (found === undefined) throw new Error(`unable to compare schemas; ${ref} leads nowhere`);
  return found as JsonSchema;
};

/** Of several shapes of the same type, the one that fits best is the counterpart. */
const compareWithBest = (
  shape: Shape,
  others: readonly Shape[],
  compareWith: (other: Shape) => readonly string[],
  { reader, path }: Place,
): readonly string[] => {
  const candidates = others.filter(({ type }) => type === shape.type || type === anything);
  if (candidates.length === 0)
    return [`${path}: ${reader === "request" ? "can no longer be" : "can now be"} ${shape.type}`];
  return candidates.map(compareWith).toSorted((a, b) => a.length - b.length)[0] ?? [];
};

const compareShapes = (before: Shape, after: Shape, place: Place): readonly string[] => {
  const strict = place.reader === "request" ? after : before;
  if (strict.type === anything) return [];
  return [
    ...compareValues(before, after, place),
    ...(place.reader === "request" ? compareBounds(before, after, place) : []),
    ...compareFields(before, after, place),
    ...(before.items === undefined
      ? []
      : compare(before.items, after.items ?? {}, { ...place, path: `${place.path}[]` })),
  ];
};

const compareValues = (before: Shape, after: Shape, { reader, path }: Place): readonly string[] => {
  const [narrow, wide] = reader === "request" ? [before, after] : [after, before];
  const problems = [];
  if (wide.format !== undefined && wide.format !== narrow.format)
    problems.push(`${path}: format was ${before.format ?? "free"} and is ${after.format ?? "free"}`);
  if (wide.enum === undefined) return problems;
  const word = reader === "request" ? "can no longer be" : "can now be";
  if (narrow.enum === undefined) return [...problems, `${path}: ${word} any ${narrow.type}`];
  return [
    ...problems,
    ...narrow.enum
      .filter((value) => !wide.enum?.includes(value))
      .map((value) => `${path}: ${word} ${JSON.stringify(value)}`),
  ];
};

const upperBounds = ["maxLength", "maximum", "maxItems"] as const;
const lowerBounds = ["minLength", "minimum", "minItems"] as const;

const compareBounds = (before: Shape, after: Shape, { path }: Place): readonly string[] => [
  ...upperBounds
    .filter((bound) => (after[bound] ?? Infinity) < (before[bound] ?? Infinity))
    .map((bound) => `${path}: ${bound} is lower`),
  ...lowerBounds
    .filter((bound) => (after[bound] ?? -Infinity) > (before[bound] ?? -Infinity))
    .map((bound) => `${path}: ${bound} is higher`),
  ...(after.pattern === undefined || after.pattern === before.pattern ? [] : [`${path}: pattern is another`]),
];

const compareFields = (before: Shape, after: Shape, place: Place): readonly string[] => {
  const { reader, path } = place;
  const problems: string[] = [];
  for (const [name, field] of Object.entries(before.properties ?? {})) {
    const counterpart = after.properties?.[name];
    const inside = { ...place, path: `${path}.${name}` };
    if (counterpart === undefined) problems.push(`${inside.path}: removed`);
    else problems.push(...compare(field, counterpart, inside));
  }
  const [needed, given] = reader === "request" ? [after, before] : [before, after];
  for (const name of needed.required ?? []) {
    if (given.required?.includes(name)) continue;
    const isRemoved = reader === "answer" && after.properties?.[name] === undefined;
    if (!isRemoved) problems.push(`${path}.${name}: ${reader === "request" ? "is now required" : "may now be absent"}`);
  }
  return [...problems, ...compareOtherKeys(before, after, place)];
};

const compareOtherKeys = (before: Shape, after: Shape, place: Place): readonly string[] => {
  const [old, now] = [before.additionalProperties, after.additionalProperties];
  if (old === undefined || typeof old === "boolean") return [];
  if (now === undefined || typeof now === "boolean") return [`${place.path}: keeps no other keys`];
  return compare(old, now, { ...place, path: `${place.path}.*` });
};
