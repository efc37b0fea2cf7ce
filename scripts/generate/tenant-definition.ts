import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { TenantSettings } from "@sendsar/protocol/objects/settings";
import { type RateLimitAction, rateLimits } from "@sendsar/protocol/rate-limits";
import { Quotas } from "@sendsar/gateway/provisioning/quotas";
import type * as z from "zod";
import { parse, stringify } from "yaml";
import { projectDir } from "../start/home.ts";
import { openapiDialect } from "./components.ts";
import { type JsonSchema, toJsonSchema } from "./json-schema.ts";
import { type ResourceDefinition, type StructuralSchema, tenantDefinitionPath } from "./structural-schema.ts";

/**
 * The text of `crds/tenants.chat.sendsar.com.yaml` as it is written by hand, with what stands between its marks made from
 * the contract's settings and limits. Throws where a mark is missing.
 */
export const generateTenantDefinition = async (root = projectDir): Promise<string> => {
  const text = await readFile(join(root, tenantDefinitionPath), "utf8");
  return Object.entries(makeParts()).reduce((filled, [name, part]) => fillPart(filled, name, part), text);
};

/** The definition of the Tenant resource, as it is when its generated parts are up to date. */
export const readTenantDefinition = async (root = projectDir): Promise<ResourceDefinition> =>
  parse(await generateTenantDefinition(root)) as ResourceDefinition;

const makeParts = (): Readonly<Record<string, object>> => ({
  "settings.values": { values: { ...settingsSchema(), default: {} } },
  "quotas.rateLimits": { rateLimits: rateLimitsSchema() },
});

/** The lines between the marks of a part, as far in as the marks are. */
const fillPart = (text: string, name: string, part: object): string => {
  const pattern = new RegExp(`^( *)# begin generated: ${name}\n[^]*?^ *# end generated: ${name}\n`, "m");
  const indent = pattern.exec(text)?.[1];
  if (indent === undefined) throw new Error(`unable to write ${tenantDefinitionPath}; it has no marks around ${name}`);
  const lines = stringify(part, { lineWidth: 0, aliasDuplicateObjects: false }).replaceAll(/^(?=.)/gm, indent);
  const filled = `${indent}# begin generated: ${name}\n${lines}${indent}# end generated: ${name}\n`;
  return text.replace(pattern, () => filled);
};

/**
 * Known settings are checked by the API server, unknown ones are let through at every level, as the API itself does. No
 * default is taken over: what is absent here is not enforced.
 */
const settingsSchema = (): StructuralSchema => ({
  ...toStructural(toJson(TenantSettings)),
  description:
    "The settings, as `PATCH /tenant/settings` takes them. Known ones are checked here; those that the server does not know are kept.",
});

const rateLimitsSchema = (): StructuralSchema => ({
  description: "How much may be done of an action, where it differs.",
  type: "object",
  properties: Object.fromEntries(
    (Object.keys(rateLimits) as RateLimitAction[]).map((action) => [
      action,
      {
        ...withDescriptions(toStructural(toJson(requireRate(action)), false), rateDescriptions),
        description: `${rateLimits[action].what}.`,
      },
    ]),
  ),
});

const rateDescriptions: Readonly<Record<string, string>> = {
  user: "What one user may do.",
  tenant: "What all users may do together.",
  count: "So many at once.",
  seconds: "Seconds until as many again are free.",
};

/** How the provisioning code checks the numbers of an action. */
const requireRate = (action: RateLimitAction): z.ZodType => {
  const record = Quotas.shape.rateLimits.unwrap();
  if (!record.keyType.options.includes(action))
    throw new Error(`unable to describe the rates of ${action}; it has none`);
  return record.valueType;
};

const toJson = (schema: z.ZodType): JsonSchema => {
  const { root, named } = toJsonSchema(schema, "input", openapiDialect);
  const [only] = Object.values(named);
  return root.$ref === undefined || only === undefined ? root : only;
};

/** How many keys an object of settings may have, unknown ones included. */
const settingsKeysMax = 64;

/** Only what is structural comes through: no alternatives, no references. Throws for anything else. */
const toStructural = (json: JsonSchema, open = true): StructuralSchema => {
  const { type, description, properties, items, enum: values } = json;
  if (typeof type !== "string" || json.anyOf !== undefined || json.$ref !== undefined)
    throw new Error(`unable to describe a setting to the API server; ${JSON.stringify(json)} is not structural`);
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, required } = json;
  return {
    ...(description !== undefined && { description: `${description}.` }),
    type: type as NonNullable<StructuralSchema["type"]>,
    ...(type === "integer" && { format: "int64" }),
    ...definedOf({ minimum, maximum, minLength, maxLength, minItems, maxItems, required }),
    ...(values !== undefined && { enum: values.map(String) }),
    ...(items !== undefined && {
      "x-kubernetes-list-type": "atomic" as const,
      items: { description: "One of them.", ...toStructural(items, open) },
    }),
    ...(properties !== undefined && {
      ...(open && { maxProperties: settingsKeysMax, "x-kubernetes-preserve-unknown-fields": true }),
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [
          name,
          { description: `Settings of \`${name}\`.`, ...toStructural(property, open) },
        ]),
      ),
    }),
  };
};

const withDescriptions = (schema: StructuralSchema, texts: Readonly<Record<string, string>>): StructuralSchema => ({
  ...schema,
  ...(schema.properties !== undefined && {
    properties: Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => {
        const { description, ...rest } = withDescriptions(property, texts);
        return [name, { description: texts[name] ?? description ?? name, ...rest }];
      }),
    ),
  }),
});

const definedOf = <T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
