import { componentName } from "./components.ts";
import type { JsonSchema } from "./json-schema.ts";
import { anchor, code, sentence, table } from "./markdown.ts";
import type { Reference } from "./reference.ts";

/** Where a page links the shared objects of the contract: its own section, or that of another page. */
export interface Links {
  readonly reference: Pick<Reference, "components" | "objects">;
  /** `""` on the page that holds the objects, else that page's file name. */
  readonly objectsPage: string;
}

/** The fields of an object as a table; those of an object inside it by their dotted names. */
export const fieldTable = (schema: JsonSchema, kind: "request" | "answer", links: Links): string => {
  const rows = fieldRows(schema, "", links);
  if (kind === "answer")
    return table(
      ["Field", "Type", "Meaning"],
      rows.map(({ name, type, required, meaning }) => [
        code(name),
        required ? type : `${type}, may be absent`,
        meaning,
      ]),
    );
  return table(
    ["Field", "Type", "Required", "Meaning"],
    rows.map(({ name, type, required, meaning }) => [code(name), type, required ? "yes" : "no", meaning]),
  );
};

interface FieldRow {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly meaning: string;
}

const fieldRows = (schema: JsonSchema, prefix: string, links: Links): readonly FieldRow[] =>
  Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = prefix + key;
    const inside = field.type === "array" ? (field.items ?? {}) : field;
    return [
      {
        name,
        type: typeText(field, links),
        required: schema.required?.includes(key) ?? false,
        meaning: meaningText(field, links),
      },
      ...(inside.additionalProperties === undefined
        ? fieldRows(inside, `${name}${field.type === "array" ? "[]" : ""}.`, links)
        : []),
    ];
  });

/** What a value is: `string`, `integer or null`, `array of Message`. */
export const typeText = (schema: JsonSchema, links: Links): string => {
  const name = componentName(schema);
  if (name !== undefined && links.reference.objects.includes(name))
    return `[${name}](${links.objectsPage}${anchor(name)})`;
  if (name !== undefined) return typeText(links.reference.components.resolve(schema), links);
  if (schema.enum !== undefined)
    return schema.enum.map((value) => (value === null ? "null" : code(JSON.stringify(value)))).join(" or ");
  if (schema.anyOf !== undefined) return schema.anyOf.map((option) => typeText(option, links)).join(" or ");
  if (schema.type === "array") return `array of ${typeText(schema.items ?? {}, links)}`;
  if (schema.type === undefined) return "any JSON";
  if (schema.type === "string") return formats[schema.format ?? ""] ?? "string";
  return [schema.type].flat().join(" or ");
};

const formats: Readonly<Record<string, string>> = { "date-time": "date", uuid: "UUID" };

/** What a value means and what bounds it: its own words, or those of a named schema that has no section to link. */
export const meaningText = (schema: JsonSchema, links: Links): string => {
  const { components, objects } = links.reference;
  const [own, ...inner] = [schema, ...(schema.anyOf ?? []), schema.items ?? {}]
    .filter((option) => !objects.includes(componentName(option) ?? ""))
    .map(components.resolve);
  const described = schema.description ?? [own, ...inner].find((option) => option?.description)?.description;
  const bounds = [own, ...inner.slice(0, schema.anyOf?.length ?? 0)].map(boundsText).find(Boolean);
  const fallback = schema.default === undefined ? undefined : `Default ${code(JSON.stringify(schema.default))}`;
  return [described, bounds, fallback]
    .filter((text) => text !== undefined)
    .map(sentence)
    .join(" ");
};

const boundsText = (schema: JsonSchema = {}): string =>
  [
    rangeText(schema.minLength, schema.maxLength, " characters"),
    rangeText(schema.minItems, schema.maxItems, " items"),
    rangeText(schema.minimum, schema.maximum, ""),
  ]
    .filter((text) => text !== "")
    .join(", ");

const rangeText = (min: number | undefined, max: number | undefined, unit: string): string => {
  const [from, to] = [min, max].map((bound) => bound?.toLocaleString("en-US"));
  if (from !== undefined && to !== undefined) return `${from} to ${to}${unit}`;
  if (to !== undefined) return `At most ${to}${unit}`;
  if (min === 1 && unit !== "") return "Not empty";
  return from === undefined ? "" : `At least ${from}${unit}`;
};
