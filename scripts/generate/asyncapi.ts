import { downEvents } from "@sendsar/protocol/events/down";
import { upEvents } from "@sendsar/protocol/events/up";
import { PROTOCOL_VERSION } from "@sendsar/protocol/version";
import type * as z from "zod";
import { type Components, asyncapiDialect, createComponents } from "./components.ts";
import { exampleOf } from "./example.ts";
import type { JsonSchema, Side } from "./json-schema.ts";

/** The text of `sdk/protocol/asyncapi.json`: every Socket.IO event as AsyncAPI 3.0, from the gateway's side. */
export const generateAsyncapi = (): string => `${JSON.stringify(asyncapiDocument(), null, 2)}\n`;

const asyncapiDocument = () => {
  const components = createComponents(asyncapiDialect);
  const up = describeEvents(upEvents, "receive", "input", components);
  const down = describeEvents(downEvents, "send", "output", components);
  const messages = { ...up.messages, ...down.messages };
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Sendsar",
      version: PROTOCOL_VERSION,
      description: introduction,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    defaultContentType: "application/json",
    servers: { gateway: server },
    channels: {
      socket: {
        address: "/",
        title: "The default Socket.IO namespace",
        messages: Object.fromEntries(
          Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
      },
    },
    operations: { ...up.operations, ...down.operations },
    components: { schemas: components.all(), messages, securitySchemes: { session } },
  };
};

const introduction =
  "What happens live, as Socket.IO 4 events. Operations are written from the gateway's side: it receives what clients send.";

const server = {
  host: "{host}",
  pathname: "/socket.io/",
  protocol: "ws",
  protocolVersion: "13",
  title: "A gateway",
  description: "Socket.IO 4 (Engine.IO 4) over WebSocket; `wss` wherever it is not your own machine.",
  variables: {
    host: { default: "localhost:3001", description: "Host and port of the API's address" },
  },
  security: [{ $ref: "#/components/securitySchemes/session" }],
};

const session = {
  type: "http",
  scheme: "bearer",
  bearerFormat: "JWT",
  description:
    "A user's session token from `POST /v1/auth/token`, sent as `auth: { token }` of the Socket.IO handshake. An API key opens no socket.",
};

type Events = Readonly<Record<string, { readonly summary: string; readonly payload: z.ZodType }>>;

/** One message and one operation per event; both are named by action and event, since `typing` goes both ways. */
const describeEvents = (events: Events, action: "receive" | "send", side: Side, components: Components) => {
  const messages: Record<string, object> = {};
  const operations: Record<string, object> = {};
  for (const [event, { summary, payload }] of Object.entries(events)) {
    const name = `${action}-${event}`;
    messages[name] = toMessage(event, summary, components.schema(payload, side), components);
    operations[name] = {
      action,
      channel: { $ref: "#/channels/socket" },
      summary,
      messages: [{ $ref: `#/channels/socket/messages/${name}` }],
    };
  }
  return { messages, operations };
};

const toMessage = (event: string, summary: string, payload: JsonSchema, components: Components): object => ({
  name: event,
  title: event,
  summary,
  payload,
  examples: [{ name: event, payload: exampleOf(payload, components, event) }],
});
