import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonSchema } from "../../../scripts/generate/json-schema.ts";
import { projectDir } from "../../../scripts/start/home.ts";

/** A REST call as the published OpenAPI file describes it: what may be sent, and what may come back. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** From the origin on, parameters written `{name}`. */
  readonly path: string;
  /** Which credentials it takes; none when it needs none. */
  readonly callers: readonly ("apiKey" | "session")[];
  readonly pathParams: readonly Parameter[];
  readonly queryParams: readonly Parameter[];
  readonly takesIdempotencyKey: boolean;
  readonly body: JsonSchema | undefined;
  readonly answers: ReadonlyMap<number, Answer>;
}

export interface Parameter {
  readonly name: string;
  readonly schema: JsonSchema;
}

/** What an operation may answer with one status. */
export interface Answer {
  readonly schema: JsonSchema;
  /** The error codes that it may carry; empty for a success. */
  readonly codes: readonly string[];
}

/** The API as its file describes it. */
export interface Api {
  readonly operations: readonly Operation[];
  /** Named schemas, which `$ref`s of the others lead to. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/** Reads `sdk/protocol/openapi.json`. */
export const readApi = async (): Promise<Api> => {
  const text = await readFile(join(projectDir, "sdk/protocol/openapi.json"), "utf8");
  const document = JSON.parse(text) as Document;
  const operations = Object.entries(document.paths).flatMap(([path, { servers, ...item }]) => {
    const prefix = (servers ?? document.servers)[0]?.url.replace(/\/$/, "") ?? "";
    return Object.entries(item as Readonly<Record<string, RawOperation>>).map(([method, operation]) =>
      toOperation(document, method.toUpperCase(), `${prefix}${path}`, operation),
    );
  });
  return { operations, schemas: document.components.schemas };
};

/**
 * The operation that a path, as it goes over the wire, leads to. A name in the path is text in UTF-8, percent-encoded,
 * and may be empty; a path that is written out goes before one with a parameter in its place.
 */
export const findOperation = ({ operations }: Api, method: string, rawPath: string): Operation | undefined => {
  const given = rawPath.split("?", 1)[0]?.split("/") ?? [];
  if (!given.every(isDecodable)) return undefined;
  const fits = operations.filter((one) => one.method === method && fitsPath(one.path.split("/"), given));
  return fits.toSorted((a, b) => a.pathParams.length - b.pathParams.length)[0];
};

const fitsPath = (pattern: readonly string[], given: readonly string[]): boolean =>
  pattern.length === given.length && pattern.every((part, index) => part.startsWith("{") || part === given[index]);

const isDecodable = (part: string): boolean => {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    // Not percent-encoded UTF-8.
    return false;
  }
};

interface Document {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<
    Record<string, { readonly servers?: readonly { readonly url: string }[]; readonly [method: string]: unknown }>
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, RawAnswer>>;
  };
}

interface RawOperation {
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly (Parameter & { readonly in: string })[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, RawAnswer | { readonly $ref: string }>>;
}

type Content = Readonly<
  Record<string, { readonly schema: JsonSchema; readonly examples?: Readonly<Record<string, unknown>> }>
>;

interface RawAnswer {
  readonly content: Content;
}

const json = "application/json";

const toOperation = (document: Document, method: string, path: string, raw: RawOperation): Operation => {
  const parametersIn = (place: string) => (raw.parameters ?? []).filter((parameter) => parameter.in === place);
  return {
    id: raw.operationId,
    method,
    path,
    callers: raw.security.flatMap((scheme) => Object.keys(scheme)) as Operation["callers"],
    pathParams: parametersIn("path"),
    queryParams: parametersIn("query"),
    takesIdempotencyKey: parametersIn("header").some(({ name }) => name === "Idempotency-Key"),
    body: raw.requestBody?.content[json]?.schema,
    answers: new Map(
      Object.entries(raw.responses).map(([status, response]) => [Number(status), toAnswer(document, response)]),
    ),
  };
};

const toAnswer = (document: Document, response: RawAnswer | { readonly $ref: string }): Answer => {
  const { content } = "$ref" in response ? requireAnswer(document, response.$ref) : response;
  const described = content[json];
  if (!described) throw new Error("unable to read the OpenAPI file; an answer is not JSON");
  return { schema: described.schema, codes: Object.keys(described.examples ?? {}) };
};

const requireAnswer = ({ components }: Document, ref: string): RawAnswer => {
  const found = components.responses[ref.split("/").at(-1) ?? ""];
  if (!found) throw new Error(`unable to read the OpenAPI file; there is no ${ref}`);
  return found;
};
