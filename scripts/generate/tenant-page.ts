import { appliedHashAnnotation } from "@sendsar/operator/desired/template-hash";
import { toLabels } from "@sendsar/operator/desired/labels";
import { ownedAnnotations, tenantAnnotations, tenantFinalizer } from "@sendsar/operator/tenant/annotations";
import type { Tenant } from "@sendsar/operator/tenant/tenant";
import { code, codeBlock, page, table } from "./markdown.ts";
import {
  type PrinterColumn,
  type ResourceDefinition,
  schemaAt,
  type StructuralSchema,
  toTenantSchema,
  type ValidationRule,
} from "./structural-schema.ts";
import { boundsText, defaultText, typeName } from "./structural-text.ts";
import { readTenantDefinition } from "./tenant-definition.ts";

/** The text of `docs/reference/tenant.md`. */
export const generateTenantPage = async (): Promise<string> => {
  const definition = await readTenantDefinition();
  const schema = toTenantSchema(definition);
  const columns = definition.spec.versions[0]?.additionalPrinterColumns ?? [];
  return page("The Tenant resource", [
    introduction(definition),
    "## Spec",
    specText,
    ...fieldTables(schemaAt(schema, "spec"), "spec"),
    "## Rules",
    "Beside the bounds of single fields. A request that breaks one is refused with this sentence.",
    table(
      ["Where", "Rule"],
      [...listRules(schema)].map(({ path, rule }) => [code(path || "Tenant"), rule.message]),
    ),
    "## Status",
    statusText,
    ...fieldTables(schemaAt(schema, "status"), "status"),
    "## Columns",
    "What kubectl lists of a Tenant; some columns with `-o wide` only.",
    table(["Column", "What it shows", "From"], columns.map(toColumnRow)),
    "## Annotations and labels",
    "Annotations of a Tenant that ask something of the operator:",
    table(["Annotation", "Meaning"], toRows(tenantAnnotations)),
    `The finalizer ${code(tenantFinalizer)} keeps a Tenant until what was made for it is taken down. Never remove it by hand: credentials would stay in force.`,
    "Labels on all that the operator makes:",
    table(
      ["Label", "Value"],
      Object.entries(toLabels(example)).map(([label, value]) => [code(label), code(value)]),
    ),
    `Annotations on it that are the operator's own notes (${code(appliedHashAnnotation)} and others); do not change them:`,
    table(["Annotation", "Meaning"], toRows(ownedAnnotations)),
  ]);
};

const introduction = ({ spec }: ResourceDefinition): string =>
  [
    `Group ${code(spec.group)}, version ${code(spec.versions[0]?.name ?? "")}, kind ${code(spec.names.kind)}; namespaced. In kubectl ${code(spec.names.plural)} or ${code(spec.names.shortNames.join(", "))}, and among ${code(spec.names.categories.join(", "))}. Its source, with a comment where it needs one, is ${code(`crds/${spec.names.plural}.${spec.group}.yaml`)}; samples are in ${code("crds/samples")}. The least there must be:`,
    codeBlock(
      "yaml",
      `apiVersion: ${spec.group}/${spec.versions[0]?.name}\nkind: ${spec.names.kind}\nmetadata:\n  name: acme\nspec: {}`,
    ),
    "What conditions and events say: [conditions.md](conditions.md).",
  ].join("\n\n");

const specText =
  "Every field may be left out unless it is marked as required. Durations are hours, minutes and seconds, in this order: `720h`, `1h30m`, `0s`.";

const statusText = "Written by the operator alone. No credential stands in it, only ids and times.";

/** For a Tenant of this name. */
const example = { metadata: { name: "<name>" } } as Tenant;

/** A table of the object's own fields, then one for each object in it. */
const fieldTables = (schema: StructuralSchema, path: string): readonly string[] => {
  const fields = Object.entries(schema.properties ?? {});
  const rows = fields.map(([name, field]) => [
    code(name) + (schema.required?.includes(name) === true && field.default === undefined ? " (required)" : ""),
    typeName(field),
    defaultText(field),
    meaningText(field),
  ]);
  return [
    `### ${code(path)}`,
    table(["Field", "Type", "Default", "Meaning"], rows),
    ...(areAlike(fields.map(([, field]) => field))
      ? nestedTables(fields[0]?.[1] ?? {}, `${path}.<any>`)
      : fields.flatMap(([name, field]) => nestedTables(field, `${path}.${name}`))),
  ];
};

const meaningText = (field: StructuralSchema): string => {
  const bounds = boundsText(field);
  return bounds === "" ? (field.description ?? "") : `${field.description ?? ""} *${bounds}*`;
};

/** Are there more than two, and do they differ by their descriptions only? Then one table tells of all. */
const areAlike = (fields: readonly StructuralSchema[]): boolean =>
  fields.length > 2 && new Set(fields.map(({ description: _, ...shape }) => JSON.stringify(shape))).size === 1;

const nestedTables = (field: StructuralSchema, path: string): readonly string[] => {
  if (field.properties !== undefined) return fieldTables(field, path);
  return field.items?.properties === undefined ? [] : fieldTables(field.items, `${path}[]`);
};

function* listRules(schema: StructuralSchema, path = ""): Generator<{ path: string; rule: ValidationRule }> {
  for (const rule of schema["x-kubernetes-validations"] ?? []) yield { path, rule };
  for (const [name, field] of Object.entries(schema.properties ?? {}))
    yield* listRules(field, path === "" ? name : `${path}.${name}`);
  if (schema.items !== undefined) yield* listRules(schema.items, `${path}[]`);
}

const toColumnRow = ({ name, description, jsonPath, priority }: PrinterColumn): readonly string[] => [
  priority === 1 ? `${name} (wide)` : name,
  description,
  code(jsonPath),
];

const toRows = (docs: Readonly<Record<string, string>>): readonly (readonly string[])[] =>
  Object.entries(docs).map(([name, meaning]) => [code(name), meaning]);
