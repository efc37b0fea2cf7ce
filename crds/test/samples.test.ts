import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { schemaAt, type StructuralSchema, toTenantSchema } from "../../scripts/generate/structural-schema.ts";
import { readTenantDefinition } from "../../scripts/generate/tenant-definition.ts";
import { projectDir } from "../../scripts/start/home.ts";

const samplesDir = join(projectDir, "crds/samples");
const schema = toTenantSchema(await readTenantDefinition());

interface Sample {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

const readSample = async (name: string): Promise<Sample> =>
  parse(await readFile(join(samplesDir, name), "utf8")) as Sample;

test("every sample is one Tenant with a name of its own, and the README lists it", async () => {
  const names = await readdir(samplesDir);
  const samples = await Promise.all(names.map(readSample));
  expect(new Set(samples.map(({ kind }) => kind))).toEqual(new Set(["Tenant"]));
  expect(new Set(samples.map(({ metadata }) => metadata.name)).size).toBe(names.length);
  const readme = await readFile(join(projectDir, "crds/README.md"), "utf8");
  expect(names.filter((name) => !readme.includes(`(samples/${name})`))).toEqual([]);
});

test("full.yaml has every field of the spec, but for those that exclude others of it", async () => {
  const { spec } = await readSample("full.yaml");
  expect(missingFields(schemaAt(schema, "spec"), spec, "spec")).toEqual([
    "spec.gateway.poolRef",
    "spec.gateway.autoscaling",
    "spec.exposure.parentRefs",
    "spec.webhookSecret.rotationToken",
    "spec.sessionKey.rotationToken",
  ]);
});

/** Fields of the schema that the value lacks, in the objects that it has. Of settings and rates a sample shows some. */
const missingFields = ({ properties = {} }: StructuralSchema, value: object, path: string): readonly string[] => {
  if (path === "spec.settings.values" || path === "spec.quotas.rateLimits") return [];
  return Object.entries(properties).flatMap(([name, property]) => {
    const field = (value as Readonly<Record<string, unknown>>)[name];
    if (field === undefined) return [`${path}.${name}`];
    return typeof field === "object" && field !== null ? missingFields(property, field, `${path}.${name}`) : [];
  });
};
