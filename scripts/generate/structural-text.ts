import { code } from "./markdown.ts";
import type { StructuralSchema } from "./structural-schema.ts";

/** The type of a field for a reader: `integer`, `list of string`, `map of string`. */
export const typeName = (schema: StructuralSchema): string => {
  if (schema["x-kubernetes-int-or-string"] === true) return "quantity";
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.items !== undefined) return `list of ${typeName(schema.items)}`;
  if (schema.additionalProperties !== undefined) return `map of ${typeName(schema.additionalProperties)}`;
  return schema.format === "date-time" ? "time" : (schema.type ?? "any");
};

/** How much fits: `0 to 100`, `at most 253 characters`. Empty where nothing bounds it but its type. */
export const boundsText = (schema: StructuralSchema): string => {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, maxProperties, pattern, format } = schema;
  if (schema.enum !== undefined || format === "date-time") return "";
  return [
    rangeText(minimum, maximum, ""),
    rangeText(minLength, maxLength, "characters"),
    rangeText(minItems, maxItems, "items"),
    rangeText(undefined, maxProperties, "keys"),
    ...(pattern === undefined || schema["x-kubernetes-int-or-string"] ? [] : [code(pattern)]),
  ]
    .filter((part) => part !== "")
    .join("; ");
};

/** What stands there when nothing is given. Defaults of objects are those of their fields. */
export const defaultText = (schema: StructuralSchema): string =>
  schema.default === undefined || (schema.properties !== undefined && isRead(schema))
    ? ""
    : code(JSON.stringify(schema.default));

/** An object whose default only lets the defaults within it come into force. */
const isRead = ({ properties = {}, default: given }: StructuralSchema): boolean =>
  Object.entries(given as object).every(([name, value]) => properties[name]?.default === value);

const rangeText = (min: number | undefined, max: number | undefined, unit: string): string => {
  const tail = unit === "" ? "" : ` ${unit}`;
  if (min !== undefined && max !== undefined) return `${grouped(min)} to ${grouped(max)}${tail}`;
  if (max !== undefined) return `at most ${grouped(max)}${tail}`;
  return min === undefined ? "" : `at least ${grouped(min)}${tail}`;
};

const grouped = (value: number): string => value.toLocaleString("en-US");
