import { validate } from "@readme/openapi-parser";
import { beforeAll, expect, test } from "vitest";
import { type Endpoint, commonErrors } from "../src/endpoint.ts";
import { endpoints } from "../src/endpoints.ts";
import { errors } from "../src/errors.ts";
import { readDocument } from "./documents.ts";
import { createCheck } from "./published-schemas.ts";

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Openapi {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly examples?: readonly unknown[] }>>;
    readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

let openapi: Openapi;

beforeAll(async () => {
  openapi = await readDocument("openapi.json");
});

const operationAt = ({ method, path }: Endpoint): Operation =>
  openapi.paths[path.replaceAll(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()] as Operation;

const operations = (): readonly Operation[] =>
  Object.values(openapi.paths)
    .flatMap((item) => Object.entries(item).filter(([key]) => key !== "servers"))
    .map(([, operation]) => operation as Operation);

test("the document is OpenAPI", async () => {
  // The parser replaces references in what it is given.
  const result = await validate(structuredClone(openapi) as never);
  expect(result).toMatchObject({ valid: true });
});

test("its schemas are JSON Schema, and their own examples fit them", () => {
  const check = createCheck(openapi);
  for (const [name, { examples = [] }] of Object.entries(openapi.components.schemas)) {
    for (const example of [...examples])
      expect([name, check(`#/components/schemas/${name}`, example)]).toEqual([name, []]);
  }
  for (const [name, { value }] of Object.entries(openapi.components.examples)) {
    expect([name, check("#/components/schemas/ErrorBody", value)]).toEqual([name, []]);
  }
  expect(check("#/components/schemas/UserId", 17)).not.toEqual([]);
});

test.each(Object.entries<Endpoint>(endpoints))(
  "%s is described with its caller, statuses and errors",
  (id, endpoint) => {
    const operation = operationAt(endpoint);
    expect(operation.operationId).toBe(id);
    const callers = { apiKey: ["apiKey"], session: ["session"], either: ["apiKey", "session"] };
    expect(operation.security.flatMap(Object.keys)).toEqual(callers[endpoint.auth]);
    const failures = [...commonErrors, ...endpoint.errors].map((code) => errors[code].status);
    const statuses = new Set([...endpoint.statuses, ...failures].map(String));
    expect(new Set(Object.keys(operation.responses))).toEqual(statuses);
    for (const code of endpoint.errors) {
      expect(JSON.stringify(operation.responses[errors[code].status])).toContain(`#/components/examples/${code}"`);
    }
  },
);

test("what the contract says stands below /v1, what operators ask stands beside it", () => {
  expect(openapi.servers).toEqual([{ url: "/v1" }]);
  const outside = Object.entries(openapi.paths).filter(([, item]) => item["servers"] !== undefined);
  expect(outside.map(([path]) => path)).toEqual(["/healthz", "/readyz", "/openapi.json"]);
  expect(operations().length).toBe(Object.keys(endpoints).length + outside.length);
});

test("every tag and credential that an operation names is described", () => {
  const tags = openapi.tags.map(({ name }) => name);
  const schemes = Object.keys(openapi.components.securitySchemes);
  for (const operation of operations()) {
    expect(tags).toEqual(expect.arrayContaining([...operation.tags]));
    expect(schemes).toEqual(expect.arrayContaining(operation.security.flatMap(Object.keys)));
  }
});

test("answers stay open to new fields", () => {
  expect(JSON.stringify(openapi)).not.toContain('"additionalProperties":false');
});
