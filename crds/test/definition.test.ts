import { describe, expect, test } from "vitest";
import { generatedFiles } from "../../scripts/generate/files.ts";
import { toTenantSchema } from "../../scripts/generate/structural-schema.ts";
import { readTenantDefinition } from "../../scripts/generate/tenant-definition.ts";
import { findStale } from "../../scripts/generate/sync.ts";
import { projectDir } from "../../scripts/start/home.ts";
import { type SchemaPart, walkSchema } from "./schema-walk.ts";

const definition = await readTenantDefinition();
const parts = [...walkSchema(toTenantSchema(definition))];
const spec = parts.filter(({ path }) => path.startsWith("spec."));
const pathsOf = (some: readonly SchemaPart[]): readonly string[] => some.map(({ path }) => path);
const ofType = (type: string): readonly SchemaPart[] => parts.filter(({ schema }) => schema.type === type);

describe("the definition of Tenant (pitfall 15)", () => {
  test("describes every field, in sentences", () => {
    // The API server lets nothing be said about metadata.
    const described = parts.filter(({ path }) => path !== "metadata");
    expect(described.length).toBeGreaterThan(200);
    expect(pathsOf(described.filter(({ schema }) => !/^.+\.$/s.test(schema.description ?? "")))).toEqual([]);
  });

  test("bounds every text, list and map: the API server must be able to bound what a rule costs", () => {
    expect(pathsOf(ofType("string").filter(({ schema }) => !schema.enum && schema.maxLength === undefined))).toEqual(
      [],
    );
    expect(pathsOf(ofType("array").filter(({ schema }) => schema.maxItems === undefined))).toEqual([]);
    const open = parts.filter(
      ({ schema }) => schema.additionalProperties ?? schema["x-kubernetes-preserve-unknown-fields"],
    );
    expect(open.length).toBeGreaterThan(5);
    expect(pathsOf(open.filter(({ schema }) => schema.maxProperties === undefined))).toEqual([]);
    const quantities = parts.filter(({ schema }) => schema["x-kubernetes-int-or-string"]);
    expect(quantities).toHaveLength(2);
    expect(pathsOf(quantities.filter(({ schema }) => !schema.maxLength || !schema.pattern))).toEqual([]);
  });

  test("bounds every number of the spec", () => {
    const numbers = spec.filter(({ schema }) => schema.type === "integer");
    expect(numbers.length).toBeGreaterThan(10);
    const unbounded = numbers.filter(({ schema }) => schema.minimum === undefined || schema.maximum === undefined);
    expect(pathsOf(unbounded)).toEqual([]);
  });

  test("says of every list how it is merged, and conditions are merged one by one (pitfall 10)", () => {
    expect(pathsOf(ofType("array").filter(({ schema }) => schema["x-kubernetes-list-type"] === undefined))).toEqual([]);
    const conditions = parts.find(({ path }) => path === "status.conditions")?.schema;
    expect(conditions).toMatchObject({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] });
  });

  test("lets unknown fields through in settings only", () => {
    const open = parts.filter(({ schema }) => schema["x-kubernetes-preserve-unknown-fields"]);
    expect(pathsOf(open)).toEqual([
      "spec.settings.values",
      "spec.settings.values.chat",
      "spec.settings.values.chat.media",
      "spec.settings.values.calls",
    ]);
  });

  test("has no default in settings: what is absent there is not enforced", () => {
    const inside = spec.filter(({ path }) => path.startsWith("spec.settings.values."));
    expect(inside.length).toBeGreaterThan(10);
    expect(pathsOf(inside.filter(({ schema }) => schema.default !== undefined))).toEqual([]);
  });

  test("has no default in the status: it says what is there", () => {
    expect(
      pathsOf(parts.filter(({ path, schema }) => path.startsWith("status.") && schema.default !== undefined)),
    ).toEqual([]);
  });

  test("takes an empty spec: every object of it whose fields have defaults has one itself", () => {
    const holders = spec.filter(({ path, schema }) => {
      if (schema.type !== "object" || schema.default !== undefined || path.includes("[]")) return false;
      return Object.values(schema.properties ?? {}).some((field) => field.default !== undefined);
    });
    // Only what is asked for by being there.
    expect(pathsOf(holders)).toEqual(["spec.gateway.autoscaling"]);
  });

  test("tells the person whose request is refused why", () => {
    const rules = parts.flatMap(({ schema }) => schema["x-kubernetes-validations"] ?? []);
    expect(rules.length).toBeGreaterThan(30);
    expect(rules.filter(({ message }) => !/^[a-zA-Z].*[^.]$/.test(message))).toEqual([]);
  });

  test("shows columns that exist in the schema", () => {
    const [version] = definition.spec.versions;
    const paths = new Set(pathsOf(parts));
    const columns = version?.additionalPrinterColumns ?? [];
    expect(columns.map(({ name }) => name)).toContain("Ready");
    const shown = columns.map(({ jsonPath }) => jsonPath.slice(1).replace(/\[\?.*?\]/, "[]"));
    expect(shown.filter((path) => !path.startsWith("metadata.") && !paths.has(path))).toEqual([]);
    const selectable = (version?.selectableFields ?? []).map(({ jsonPath }) => jsonPath.slice(1));
    expect(selectable.filter((path) => !paths.has(path))).toEqual([]);
  });

  test("is up to date with the contract, and its types with it", async () => {
    const made = generatedFiles.filter(({ path }) => path.startsWith("crds/") || path.startsWith("operator/"));
    expect(made.map(({ path }) => path)).toContain("operator/src/tenant/tenant.ts");
    expect(await findStale(projectDir, made)).toEqual([]);
  });
});
