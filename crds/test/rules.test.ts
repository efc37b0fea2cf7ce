import { parse } from "@marcbachmann/cel-js";
import { describe, expect, test } from "vitest";
import {
  type StructuralSchema,
  toTenantSchema,
  type ValidationRule,
} from "../../scripts/generate/structural-schema.ts";
import { readTenantDefinition } from "../../scripts/generate/tenant-definition.ts";
import { ruleCases, type WrittenTenant } from "./rule-cases.ts";
import { valuesAt, walkSchema, withDefaults } from "./schema-walk.ts";

const schema = toTenantSchema(await readTenantDefinition());
const rules = [...walkSchema(schema)].flatMap(({ path, schema: part }) =>
  (part["x-kubernetes-validations"] ?? []).map((rule) => ({ at: path, ...rule })),
);

/** As the API server holds it. */
const stored = ({ name = "acme", spec }: WrittenTenant): unknown => ({
  metadata: { name },
  ...(withDefaults(schema, spec === undefined ? {} : { spec }) as object),
});

/** What the rule says to all its places in the object; true where it has none. CEL's whole numbers are bigints here. */
const holds = ({ at, rule }: ValidationRule & { at: string }, object: unknown, before?: unknown): boolean =>
  valuesAt(at, object, before)
    .filter((pair) => !rule.includes("oldSelf") || pair.before !== undefined)
    .every((pair) => parse(rule)({ self: toCel(pair.value), oldSelf: toCel(pair.before) }) === true);

const toCel = (value: unknown): unknown => {
  if (typeof value === "number") return BigInt(value);
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [toFieldName(key), toCel(part)]));
};

/** A word that CEL keeps for itself is written otherwise (kubernetes apiextensions v1, `ValidationRule.rule`). */
const toFieldName = (key: string): string => (key === "namespace" ? "__namespace__" : key);

describe("every rule of the definition (E18, E21)", () => {
  test("has its cases, and every case its rule", () => {
    const toKey = ({ at, message }: { at: string; message: string }): string => `${at}: ${message}`;
    expect([...new Set(ruleCases.map(toKey))]).toEqual(rules.map(toKey));
  });

  describe.each(rules)("$at: $message", (rule) => {
    const cases = ruleCases.filter(({ at, message }) => at === rule.at && message === rule.message);

    test.each(cases.flatMap(({ from, accepts }) => accepts.map((tenant) => ({ from, tenant }))))(
      "accepts $tenant",
      ({ from, tenant }) => {
        expect(holds(rule, stored(tenant), from && stored(from))).toBe(true);
      },
    );

    test.each(cases.flatMap(({ from, refuses }) => refuses.map((tenant) => ({ from, tenant }))))(
      "refuses $tenant",
      ({ from, tenant }) => {
        expect(holds(rule, stored(tenant), from && stored(from))).toBe(false);
      },
    );
  });

  test("uses nothing that only the API server knows: what is checked here is what it checks", () => {
    const extensions = /\b(isURL|url|quantity|isQuantity|sum|indexOf|ip|cidr|format)\(/;
    expect(rules.filter(({ rule }) => extensions.test(rule))).toEqual([]);
  });
});

test("withDefaults fills defaults in from the outside to the inside", () => {
  const nested: StructuralSchema = {
    type: "object",
    properties: {
      outer: { type: "object", default: {}, properties: { inner: { type: "string", default: "x" } } },
      list: { type: "array", items: { type: "object", properties: { kind: { type: "string", default: "y" } } } },
    },
  };
  expect(withDefaults(nested, { list: [{}] })).toEqual({ outer: { inner: "x" }, list: [{ kind: "y" }] });
});
