import type { Endpoint } from "@sendsar/protocol/endpoint";
import { errors } from "@sendsar/protocol/errors";
import { limits } from "@sendsar/protocol/limits";
import { API_PREFIX } from "@sendsar/protocol/version";
import { componentName } from "./components.ts";
import { curlExample } from "./curl.ts";
import { exampleOf } from "./example.ts";
import { errorsByStatus } from "./error-example.ts";
import { type Links, fieldTable, meaningText, typeText } from "./fields.ts";
import { toHumanLimit } from "./human-units.ts";
import type { JsonSchema } from "./json-schema.ts";
import { code, codeBlock, jsonBlock, sentence, table } from "./markdown.ts";
import type { Parameter } from "./parameters.ts";
import { authDocs, statusDocs } from "./prose.ts";
import type { DocumentedEndpoint, Reference } from "./reference.ts";

/** One endpoint of the REST page, as blocks: what to send, what comes back, what can go wrong, and a call to paste. */
export const endpointSection = (
  documented: DocumentedEndpoint,
  reference: Reference,
  links: Links,
): readonly string[] => {
  const { endpoint, path, query, body, answer } = documented;
  return [
    `### ${endpoint.summary}`,
    code(`${endpoint.method} ${API_PREFIX}${endpoint.path}`),
    [`Caller: ${authDocs[endpoint.auth]}`, endpoint.description].filter(Boolean).join("\n\n"),
    ...parameterBlocks("Path parameters", path, links),
    ...parameterBlocks("Query parameters", query, links),
    ...(body === undefined ? [] : bodyBlocks(endpoint, body, links)),
    ...answerBlocks(endpoint, answer, links),
    ...errorBlocks(endpoint),
    "**Example**",
    codeBlock("sh", curlExample(documented, reference)),
    ...(isShared(answer, links) ? [] : [jsonBlock(exampleOf(answer, reference.components, `${documented.id} answer`))]),
  ];
};

const parameterBlocks = (title: string, parameters: readonly Parameter[], links: Links): readonly string[] => {
  if (parameters.length === 0) return [];
  const rows = parameters.map(({ name, schema, required, description }) => [
    code(name),
    typeText(schema, links),
    ...(title.startsWith("Path") ? [] : [required ? "yes" : "no"]),
    meaningText(description === undefined ? schema : { ...schema, description }, links),
  ]);
  const required = title.startsWith("Path") ? [] : ["Required"];
  return [`**${title}**`, table(["Name", "Type", ...required, "Meaning"], rows)];
};

const bodyBlocks = (endpoint: Endpoint, body: JsonSchema, links: Links): readonly string[] => {
  const bytes = endpoint.bodyBytesMax ?? limits.bodyBytesMax;
  const schema = links.reference.components.resolve(body);
  return [
    `**Body**, at most ${toHumanLimit("bodyBytesMax", bytes)}`,
    fieldTable(schema, "request", links) || sentence(schema.description ?? "Any JSON object"),
  ];
};

const answerBlocks = (endpoint: Endpoint, answer: JsonSchema, links: Links): readonly string[] => {
  const statuses = endpoint.statuses
    .map((status) =>
      endpoint.statuses.length === 1
        ? code(String(status))
        : `${code(String(status))} (${statusDocs(status, endpoint.statuses).toLowerCase()})`,
    )
    .join(" or ");
  if (isShared(answer, links)) return [`**Answer** ${statuses}: ${typeText(answer, links)}`];
  return [`**Answer** ${statuses}`, fieldTable(links.reference.components.resolve(answer), "answer", links)];
};

/** True if the schema has a section of its own, with its fields and an example. */
const isShared = (schema: JsonSchema, { reference }: Links): boolean =>
  reference.objects.includes(componentName(schema) ?? "");

const errorBlocks = ({ errors: codes }: Endpoint): readonly string[] =>
  codes.length === 0
    ? []
    : [
        "**Errors**",
        table(
          ["Status", "Code", "Meaning"],
          [...errorsByStatus(codes).values()]
            .flat()
            .map((name) => [String(errors[name].status), `[${code(name)}](errors.md)`, errors[name].sentence]),
        ),
      ];
