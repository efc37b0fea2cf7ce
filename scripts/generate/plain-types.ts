import * as z from "zod";

/** Whether a schema is printed as what a caller gives, or as what it is given. */
export type Direction = "input" | "output";

/** Prints schemas as plain TypeScript with no import, so that a published SDK bundles no Zod. */
export interface TypePrinter {
  /**
   * The TypeScript type of a schema. A schema with an id is declared once and referred to by it; `fallbackDoc` is for one
   * that neither describes itself nor is described in `typeDocs`. Throws for a schema that has no plain form, for a named
   * one without a description, and for one that differs between input and output.
   */
  typeOf(schema: Schema, direction: Direction, fallbackDoc?: string): string;
  /** The fields of an object schema, as `block` takes them. */
  fieldsOf(schema: z.ZodObject, direction: Direction): readonly Field[];
  /** Every declaration so far, each after those it needs. */
  declarations(): readonly string[];
  /** The ids of all that was declared. */
  declared(): ReadonlySet<string>;
}

/** How a printer words things. */
export interface PrinterOptions {
  /** What a named schema says of itself if the schema does not. */
  readonly typeDocs: Readonly<Record<string, string>>;
  /** Optional fields whose description begins with these words are printed as required, with the description given. */
  readonly required?: { readonly note: string; readonly doc: string };
}

/** A field of an interface. */
export interface Field {
  readonly doc: string;
  readonly code: string;
}

type Schema = z.core.$ZodType;
interface Declaration {
  readonly text: string;
  readonly directions: Set<Direction>;
}

/** Creates a printer that has declared nothing yet. */
export function createTypePrinter(options: PrinterOptions): TypePrinter {
  const named = new Map<string, Declaration>();

  const typeOf = (schema: Schema, direction: Direction, fallbackDoc?: string): string => {
    const { id, description } = z.globalRegistry.get(schema) ?? {};
    const { def } = (schema as z.core.$ZodTypes)._zod;
    if (id === undefined || def.type === "string") return membersOf(schema, direction).join(" | ");
    const known = named.get(id);
    if (known?.directions.has(direction)) return id;
    const text = description ?? options.typeDocs[id] ?? fallbackDoc;
    if (text === undefined) throw new Error(`unable to generate types; ${id} has no description`);
    known?.directions.add(direction);
    const code =
      def.type === "object"
        ? `export interface ${id} ${block(fieldsOfDef(def, direction))}`
        : `${laidOut(`export type ${id} =`, membersOf(schema, direction, true))};`;
    const declaration = `${doc(sentence(text))}${code}\n`;
    if (known !== undefined && known.text !== declaration) {
      throw new Error(`unable to generate types; ${id} differs between input and output`);
    }
    named.set(id, known ?? { text: declaration, directions: new Set([direction]) });
    return id;
  };

  /** The types that a value may have one of; `unnamed` looks into a schema with an id too. */
  const membersOf = (schema: Schema, direction: Direction, unnamed = false): readonly string[] => {
    const { def } = (schema as z.core.$ZodTypes)._zod;
    const isNamed = z.globalRegistry.get(schema)?.id !== undefined && def.type !== "string";
    if (isNamed && !unnamed) return [typeOf(schema, direction)];
    switch (def.type) {
      case "literal":
        return def.values.map((value) => (typeof value === "string" ? quote(value) : String(value)));
      case "enum":
        return Object.values(def.entries).map((value) => quote(String(value)));
      case "nullable":
        return [...membersOf(def.innerType, direction), "null"];
      case "optional":
        return [...membersOf(def.innerType, direction), "undefined"];
      case "default":
      case "prefault":
        return [...membersOf(def.innerType, direction), ...(direction === "input" ? ["undefined"] : [])];
      case "union":
        return def.options.flatMap((option) => membersOf(option, direction));
      case "pipe":
        return membersOf(def.in, direction);
      default:
        return [simpleType(def, direction)];
    }
  };

  const simpleType = (def: z.core.$ZodTypes["_zod"]["def"], direction: Direction): string => {
    switch (def.type) {
      case "string":
      case "boolean":
      case "number":
        return def.type;
      case "array":
        return `readonly ${parenthesised(typeOf(def.element, direction))}[]`;
      case "record":
        // Free JSON is recursive, and whoever reads it looks at it first.
        return `Readonly<Record<string, ${def.valueType._zod.def.type === "lazy" ? "unknown" : typeOf(def.valueType, direction)}>>`;
      case "object":
        return inlineObject(fieldsOfDef(def, direction));
      default:
        throw new Error(`unable to generate types; a schema of type ${def.type} has no plain form here`);
    }
  };

  const fieldsOfDef = (def: z.core.$ZodObjectDef, direction: Direction): Field[] => {
    const fields = Object.entries(def.shape).map(([name, schema]) => fieldOf(name, schema, direction));
    const isLoose = def.catchall?._zod.def.type === "unknown";
    return isLoose ? [...fields, { doc: "", code: "readonly [key: string]: unknown" }] : fields;
  };

  const fieldOf = (name: string, schema: Schema, direction: Direction): Field => {
    const { id, description } = z.globalRegistry.get(schema) ?? {};
    const { optin, optout } = (schema as z.core.$ZodTypes)._zod;
    if (options.required !== undefined && description?.startsWith(options.required.note) === true) {
      const code = laidOut(`readonly ${propertyName(name)}:`, membersOf(withoutAbsence(schema), direction));
      return { doc: doc(sentence(options.required.doc)), code };
    }
    const optional = (direction === "input" ? optin : optout) === undefined ? "" : "?";
    return {
      doc: description === undefined || id !== undefined ? "" : doc(sentence(description)),
      code: laidOut(`readonly ${propertyName(name)}${optional}:`, membersOf(schema, direction)),
    };
  };

  return {
    typeOf,
    fieldsOf: (schema, direction) => fieldsOfDef(schema.def, direction),
    declarations: () => [...named.values()].map(({ text }) => text),
    declared: () => new Set(named.keys()),
  };
}

/** The schema without `optional` and `nullable` around it. */
function withoutAbsence(schema: Schema): Schema {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === "optional" || def.type === "nullable" ? withoutAbsence(def.innerType) : schema;
}

/** The body of an interface. */
export const block = (fields: readonly Field[]): string =>
  `{\n${fields.map((field) => indented(`${field.doc}${field.code};\n`)).join("")}}`;

/** An object type inside another: on one line if that loses nothing. */
const inlineObject = (fields: readonly Field[]): string =>
  fields.some((field) => field.doc !== "" || field.code.includes("\n"))
    ? block(fields)
    : `{ ${fields.map((field) => field.code).join("; ")} }`;

/** Members after what they are of: on one line, or a line for each when that would be long or one of them is a block. */
const laidOut = (head: string, members: readonly string[]): string => {
  const line = `${head} ${members.join(" | ")}`;
  const isShort = line.length <= lineCharsMax && !members.some((member) => member.includes("\n"));
  if (isShort || members.length < 2) return line;
  return head + members.map((member) => `\n  | ${member.replaceAll("\n", "\n    ")}`).join("");
};

/** Of a field in an interface, as the formatter has it. */
const lineCharsMax = 117;

/** A comment above a declaration. */
export const doc = (text: string): string => `/** ${text.replaceAll("*/", "*\\/")} */\n`;

/** The text with a full stop, unless it ends in one. */
export const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Every line two spaces further in. */
export const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ");

/** A string literal. */
export const quote = (text: string): string => JSON.stringify(text);

/** The name of a property, quoted if it must be. */
export const propertyName = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name));

const parenthesised = (type: string): string => (type.includes(" | ") && !type.startsWith("{") ? `(${type})` : type);
