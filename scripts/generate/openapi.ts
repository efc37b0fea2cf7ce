import { type Endpoint, commonErrors, keepsAnswer } from "@sendsar/protocol/endpoint";
import { endpoints } from "@sendsar/protocol/endpoints";
import { type ErrorCode, errors } from "@sendsar/protocol/errors";
import { limits } from "@sendsar/protocol/limits";
import { ErrorBody } from "@sendsar/protocol/objects/common";
import { API_PREFIX, PROTOCOL_VERSION } from "@sendsar/protocol/version";
import { type Components, createComponents, openapiDialect } from "./components.ts";
import { errorExample, errorsByStatus } from "./error-example.ts";
import { toHumanLimit } from "./human-units.ts";
import { answerHeaders, answerHeadersAt, idempotencyKey } from "./openapi-headers.ts";
import { healthPaths, healthTag } from "./openapi-health.ts";
import { toParameters } from "./parameters.ts";
import { authDocs, statusDocs, tagDocs } from "./prose.ts";

/** The text of `sdk/protocol/openapi.json`: every REST endpoint as OpenAPI 3.1. */
export const generateOpenapi = (): string => `${JSON.stringify(openapiDocument(), null, 2)}\n`;

const openapiDocument = () => {
  const components = createComponents(openapiDialect);
  const errorSchema = components.schema(ErrorBody, "output");
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, endpoint] of Object.entries<Endpoint>(endpoints)) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] ??= {};
    paths[path][endpoint.method.toLowerCase()] = toOperation(id, endpoint, components, errorSchema);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Sendsar",
      version: PROTOCOL_VERSION,
      description: introduction,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: API_PREFIX }],
    tags: [...Object.entries(tagDocs).map(([name, description]) => ({ name, description })), healthTag],
    paths: { ...paths, ...healthPaths },
    components: {
      schemas: components.all(),
      headers: answerHeaders,
      responses: sharedFailures(errorSchema),
      examples: errorExamples(),
      securitySchemes,
    },
  };
};

const introduction = [
  "Chat for your own product: users, rooms, messages and receipts. What happens live travels over Socket.IO, see `asyncapi.json`.",
  "Dates are ISO-8601 UTC with milliseconds. Unknown request fields are ignored, and answers may gain fields: ignore those you do not know.",
  "What the caller may not see answers 404, exactly as an id that does not exist does.",
].join("\n\n");

const securitySchemes = {
  apiKey: {
    type: "apiKey",
    in: "header",
    name: "x-api-key",
    description: "The tenant's API key. Only for backends: never put it in a browser or an app.",
  },
  session: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "A user's session token, from `POST /auth/token`.",
  },
};

const security = {
  apiKey: [{ apiKey: [] }],
  session: [{ session: [] }],
  either: [{ apiKey: [] }, { session: [] }],
};

const toOperation = (id: string, endpoint: Endpoint, components: Components, errorSchema: object) => {
  const parameters = [
    ...toParameters("path", endpoint.params, components),
    ...toParameters("query", endpoint.query, components),
    ...(keepsAnswer(endpoint) ? [idempotencyKey] : []),
  ];
  return {
    operationId: id,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    description: [endpoint.description, `Caller: ${authDocs[endpoint.auth]}`].filter(Boolean).join("\n\n"),
    security: security[endpoint.auth],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(endpoint.body === undefined ? {} : { requestBody: toRequestBody(endpoint, endpoint.body, components) }),
    responses: {
      ...toSuccesses(endpoint, components),
      ...toFailures(endpoint.errors, errorSchema),
    },
  };
};

const toRequestBody = (endpoint: Endpoint, body: NonNullable<Endpoint["body"]>, components: Components) => ({
  description: `At most ${toHumanLimit("bodyBytesMax", endpoint.bodyBytesMax ?? limits.bodyBytesMax)}`,
  required: !body.safeParse({}).success,
  content: { "application/json": { schema: components.schema(body, "input") } },
});

const toSuccesses = (endpoint: Endpoint, components: Components) =>
  Object.fromEntries(
    endpoint.statuses.map((status) => [
      String(status),
      {
        description: statusDocs(status, endpoint.statuses),
        headers: answerHeadersAt(status, keepsAnswer(endpoint)),
        content: { "application/json": { schema: components.schema(endpoint.response, "output") } },
      },
    ]),
  );

/** A status that an endpoint adds no code to is written once for all endpoints. */
const toFailures = (own: readonly ErrorCode[], errorSchema: object) => {
  const ownStatuses = new Set<number>(own.map((code) => errors[code].status));
  return Object.fromEntries(
    [...errorsByStatus([...commonErrors, ...own])].map(([status, codes]) => [
      String(status),
      ownStatuses.has(status)
        ? toFailure(status, codes, errorSchema)
        : { $ref: `#/components/responses/${sharedName(status)}` },
    ]),
  );
};

const sharedName = (status: number): string => `Error${status}`;

const sharedFailures = (errorSchema: object) =>
  Object.fromEntries(
    [...errorsByStatus(commonErrors)].map(([status, codes]) => [
      sharedName(status),
      toFailure(status, codes, errorSchema),
    ]),
  );

const toFailure = (status: number, codes: readonly ErrorCode[], schema: object) => ({
  description: codes.map((code) => `- \`${code}\`: ${errors[code].sentence}`).join("\n"),
  headers: answerHeadersAt(status, false),
  content: {
    "application/json": {
      schema,
      examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
    },
  },
});

const errorExamples = () =>
  Object.fromEntries(
    (Object.keys(errors) as ErrorCode[]).map((code) => [
      code,
      { summary: errors[code].sentence, value: errorExample(code) },
    ]),
  );
