import type { Auth } from "@sendsar/protocol/endpoint";
import { limits } from "@sendsar/protocol/limits";
import { API_PREFIX } from "@sendsar/protocol/version";
import { exampleOf } from "./example.ts";
import { type Links, fieldTable } from "./fields.ts";
import { anchor, code, jsonBlock, page, sentence, table } from "./markdown.ts";
import { tagDocs } from "./prose.ts";
import { type Reference, createReference } from "./reference.ts";
import { endpointSection } from "./rest-endpoint.ts";

/** The text of `docs/reference/rest.md`. */
export const generateRestPage = (): string => {
  const reference = createReference();
  const links: Links = { reference, objectsPage: "" };
  return page("REST API", [
    introduction,
    "## Endpoints",
    endpointTable(reference),
    ...Object.entries(tagDocs).flatMap(([tag, description]) => [
      `## ${tag}`,
      description,
      ...reference.endpoints
        .filter(({ endpoint }) => endpoint.tag === tag)
        .flatMap((documented) => endpointSection(documented, reference, links)),
    ]),
    "## Objects",
    "What several endpoints and events carry.",
    ...reference.objects.flatMap((name) => objectSection(name, reference, links)),
  ]);
};

const aboutKeys = [
  `A POST that changes something takes an \`Idempotency-Key\`, 1 to ${limits.idempotencyKeyCharsMax} visible ASCII characters such as a UUID, so that it can be repeated when its answer was lost: with the same key and the same request it answers what it answered first, refusals included, for ${limits.idempotencyHours} hours, with \`Idempotency-Replayed: true\`.`,
  'With another request the key answers 422 `idempotency_key_reused`, and 409 `idempotency_key_in_use` while the first call is under way. What says "not now" (409, 429, 5xx) and what does not fit the contract is not kept. Keys belong to the caller: the backend, or the user of the session.',
  `When a gateway dies in the middle of a call, the key is free again after ${limits.idempotencyTakeoverSeconds} seconds and the call is made anew; what must not happen twice even then has a name of its own, such as \`clientMessageId\` or \`externalId\`. Of an answer that is given again the links to files are fresh; the link of an upload ends when it said.`,
].join(" ");

const introduction = [
  `Every path stands below \`$API_URL\`, which ends in \`${API_PREFIX}\`, for example \`http://localhost:3001${API_PREFIX}\`.`,
  "A backend sends `x-api-key: $API_KEY`; a user's device sends `Authorization: Bearer $TOKEN`. Never put the API key in a browser or an app.",
  "Bodies and answers are JSON; dates are ISO-8601 UTC with milliseconds. Unknown request fields are ignored. Answers may gain fields: ignore those you do not know.",
  "What the caller may not see answers 404, exactly as an id that does not exist does. Every endpoint can also answer the [common errors](errors.md). All bounds stand in [limits](limits.md).",
  "A list answers `nextCursor`: send it as `cursor` for the next page. It is null on the last page.",
  aboutKeys,
].join("\n\n");

const endpointTable = ({ endpoints }: Reference): string =>
  table(
    ["Method", "Path", "", "Caller"],
    endpoints.map(({ endpoint }) => [
      endpoint.method,
      code(endpoint.path),
      `[${endpoint.summary}](${anchor(endpoint.summary)})`,
      callers[endpoint.auth],
    ]),
  );

/** Who may call, in two words. */
const callers: Readonly<Record<Auth, string>> = {
  apiKey: "API key",
  session: "session",
  either: "API key or session",
};

const objectSection = (name: string, reference: Reference, links: Links): readonly string[] => {
  const schema = reference.components.all()[name] ?? {};
  return [
    `### ${name}`,
    schema.description === undefined ? "" : sentence(schema.description),
    fieldTable(schema, reference.requestObjects.includes(name) ? "request" : "answer", links),
    jsonBlock(exampleOf(schema, reference.components, name)),
  ];
};
