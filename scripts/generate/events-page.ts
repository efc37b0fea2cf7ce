import { downEvents } from "@sendsar/protocol/events/down";
import { upEvents } from "@sendsar/protocol/events/up";
import type * as z from "zod";
import { exampleOf } from "./example.ts";
import { type Links, fieldTable, typeText } from "./fields.ts";
import { toHumanLimit } from "./human-units.ts";
import type { JsonSchema, Side } from "./json-schema.ts";
import { code, codeBlock, jsonBlock, page, sentence } from "./markdown.ts";
import { limits } from "@sendsar/protocol/limits";
import { componentName } from "./components.ts";
import { createReference } from "./reference.ts";

/** The text of `docs/reference/events.md`. */
export const generateEventsPage = (): string => {
  const links: Links = { reference: createReference(), objectsPage: "rest.md" };
  return page("Socket.IO events", [
    ...introduction,
    "## From client to server",
    "None is acknowledged. What is refused comes back as `error`.",
    ...eventSections(upEvents, "input", links),
    "## From server to client",
    "What happens in a user's rooms arrives on every socket of the user, messages of one room in the order of `seq`. Payloads may gain fields: ignore those you do not know.",
    ...eventSections(downEvents, "output", links),
  ]);
};

const introduction = [
  "What happens live. Every durable change is also in the answers of the [REST API](rest.md): after a drop, read what you missed there.",
  "## Connecting",
  "Connect with Socket.IO 4 to the origin of `$API_URL` (without `/v1`), default namespace, default path, with a session token. An API key never opens a socket.",
  codeBlock(
    "js",
    [
      'import { io } from "socket.io-client";',
      "",
      'const socket = io(new URL(API_URL).origin, { transports: ["websocket"], auth: { token } });',
      'socket.on("connect_error", (error) => console.error(error.message));',
    ].join("\n"),
  ),
  `A socket ends ${toHumanLimit("sessionLeewaySeconds", limits.sessionLeewaySeconds)} after its token, announced by an \`error\` event: connect again with a new token. Messages arrive whether or not a room was joined; \`join-room\` is for showing who has the room open. Bounds stand in [limits](limits.md).`,
];

const eventSections = (
  events: Readonly<Record<string, { readonly summary: string; readonly payload: z.ZodType }>>,
  side: Side,
  links: Links,
): readonly string[] =>
  Object.entries(events).flatMap(([name, { summary, payload }]) => {
    const schema = links.reference.components.schema(payload, side);
    return [`### ${code(name)}`, sentence(summary), ...payloadBlocks(name, schema, side, links)];
  });

const payloadBlocks = (event: string, schema: JsonSchema, side: Side, links: Links): readonly string[] => {
  const { components, objects } = links.reference;
  if (objects.includes(componentName(schema) ?? "")) return [`Payload: ${typeText(schema, links)}`];
  const resolved = components.resolve(schema);
  const object = resolved.anyOf?.find((option) => option.properties !== undefined) ?? resolved;
  return [
    fieldTable(object, side === "input" ? "request" : "answer", links),
    jsonBlock(exampleOf(schema, components, event)),
  ];
};
