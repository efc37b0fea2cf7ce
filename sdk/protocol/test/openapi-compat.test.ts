import { beforeAll, expect, test } from "vitest";
import { findBreakingEvents } from "../../../scripts/generate/asyncapi-compat.ts";
import { findBreakingChanges } from "../../../scripts/generate/openapi-compat.ts";
import { PROTOCOL_VERSION } from "../src/version.ts";
import { readDocument, releasedDocuments } from "./documents.ts";

/** A document that a test changes deep inside. */
// oxlint-disable-next-line typescript/no-explicit-any -- plain JSON, and each change says itself what is there
type Editable = any;

let openapi: Editable;
let asyncapi: Editable;

beforeAll(async () => {
  openapi = await readDocument("openapi.json");
  asyncapi = await readDocument("asyncapi.json");
});

/** The newest release with the major version of today; another major version owes nothing to it. */
const lastRelease = async (name: "openapi" | "asyncapi"): Promise<Editable> => {
  const major = `${name}-${PROTOCOL_VERSION.split(".")[0]}.`;
  const path = (await releasedDocuments(name)).find((file) => file.startsWith(`released/${major}`));
  const released = await readDocument<Editable>(path ?? `${name}.json`);
  expect(path).toBe(`released/${name}-${released.info.version}.json`);
  return released;
};

test("the API is a superset of the last release", async () => {
  expect(findBreakingChanges(await lastRelease("openapi"), openapi)).toEqual([]);
});

test("the events are a superset of the last release", async () => {
  expect(findBreakingEvents(await lastRelease("asyncapi"), asyncapi)).toEqual([]);
});

/** What comes of a change to today's API. */
const changes = (edit: (document: Editable) => void): readonly string[] => {
  const after = structuredClone(openapi);
  edit(after);
  return findBreakingChanges(openapi, after);
};

const schemas = (document: Editable): Editable => document.components.schemas;
const listRooms = (document: Editable): Editable => document.paths["/chat/rooms"].get;
const sendMessage = (document: Editable): Editable => document.paths["/chat/rooms/{roomId}/messages"].post;

const breaking: Record<string, [(document: Editable) => void, string]> = {
  "an endpoint removed": [(d) => delete d.paths["/users"].post, "POST /users: removed"],
  "an answer field removed": [
    (d) => delete schemas(d).User.properties.appCode,
    "POST /users answer 200.appCode: removed",
  ],
  "an answer field renamed": [
    (d) => {
      schemas(d).User.properties.name = schemas(d).User.properties.username;
      delete schemas(d).User.properties.username;
    },
    "POST /users answer 200.username: removed",
  ],
  "an answer field of another type": [
    (d) => (schemas(d).Message.properties.seq = { type: "string" }),
    "POST /chat/rooms/{roomId}/messages answer 200.seq: can now be string",
  ],
  "a field inside a list inside an answer of another type": [
    (d) => (schemas(d).Message.properties.reactions.items.properties.emoji = { type: "integer" }),
    "GET /chat/rooms/{roomId}/messages answer 200.messages[].reactions[].emoji: can now be integer",
  ],
  "an answer field that can now be null": [
    (d) => (schemas(d).Message.properties.id.type = ["string", "null"]),
    "POST /chat/rooms/{roomId}/messages answer 200.id: can now be null",
  ],
  "an answer object that can now be null": [
    (d) =>
      (schemas(d).RoomDetail.properties.kind = { anyOf: [schemas(d).RoomDetail.properties.kind, { type: "null" }] }),
    "GET /chat/rooms/{roomId} answer 200.kind: can now be null",
  ],
  "an answer field that may now be absent": [
    (d) => schemas(d).Message.required.shift(),
    "POST /chat/rooms/{roomId}/messages answer 200.id: may now be absent",
  ],
  "an answer with a new value of an enum": [
    (d) => schemas(d).Role.enum.push("GUEST"),
    'GET /chat/rooms/{roomId} answer 200.participants[].role: can now be "GUEST"',
  ],
  "an answer that is no date any more": [
    (d) => delete schemas(d).Timestamp.format,
    "POST /users answer 200.createdAt: format was date-time and is free",
  ],
  "an open answer that keeps no other keys": [
    (d) => delete schemas(d).MessagePart.additionalProperties,
    "POST /chat/rooms/{roomId}/messages answer 200.parts[]: keeps no other keys",
  ],
  "a success status removed": [
    (d) => delete sendMessage(d).responses["200"],
    "POST /chat/rooms/{roomId}/messages answer 200: removed",
  ],
  "a new required request field": [
    (d) => {
      schemas(d).UpsertUserBody.properties.email = { type: "string" };
      schemas(d).UpsertUserBody.required.push("email");
    },
    "POST /users body.email: is now required",
  ],
  "a request field that is now required": [
    (d) => schemas(d).UpsertUserBody.required.push("appCode"),
    "POST /users body.appCode: is now required",
  ],
  "a request field that cannot be null any more": [
    (d) => (schemas(d).UpsertUserBody.properties.appCode.type = "string"),
    "POST /users body.appCode: can no longer be null",
  ],
  "a request field removed": [
    (d) => delete schemas(d).UpsertUserBody.properties.avatarUrl,
    "POST /users body.avatarUrl: removed",
  ],
  "a request with fewer values of an enum": [
    (d) => schemas(d).RoomKind.enum.pop(),
    'POST /chat/rooms body.kind: can no longer be "group"',
  ],
  "a lower upper bound": [
    (d) => (schemas(d).CreateRoomBody.properties.participants.maxItems = 10),
    "POST /chat/rooms body.participants: maxItems is lower",
  ],
  "a new lower bound": [
    (d) => (schemas(d).CreateRoomBody.properties.participants.minItems = 2),
    "POST /chat/rooms body.participants: minItems is higher",
  ],
  "a new pattern": [(d) => (schemas(d).UserId.pattern = "^u"), "POST /users body.id: pattern is another"],
  "a body that is now required": [
    (d) => (d.paths["/tenant/settings"].patch.requestBody.required = true),
    "PATCH /tenant/settings body: is now required",
  ],
  "a new required parameter": [
    (d) => listRooms(d).parameters.push({ name: "app", in: "query", required: true, schema: { type: "string" } }),
    "GET /chat/rooms query app: is now required",
  ],
  "a parameter removed": [(d) => listRooms(d).parameters.shift(), "GET /chat/rooms query participantId: removed"],
  "a parameter of another type": [
    (d) => (listRooms(d).parameters.at(-1).schema = { type: "integer" }),
    "GET /chat/rooms query cursor: can no longer be string",
  ],
  "a credential refused": [(d) => listRooms(d).security.pop(), 'GET /chat/rooms: no longer accepts {"session":[]}'],
  "a credential asked for": [
    (d) => (d.paths["/healthz"].get.security = [{ apiKey: [] }]),
    "GET /healthz: now needs a credential",
  ],
  "an error code renamed": [
    (d) => {
      d.components.examples.no_room = d.components.examples.room_not_found;
      delete d.components.examples.room_not_found;
    },
    "error room_not_found: removed",
  ],
  "an error with another status": [
    (d) => (d.components.examples.room_full.value.statusCode = 400),
    "error room_full: status was 409 and is 400",
  ],
};

test.each(Object.entries(breaking))("refuses %s", (_name, [edit, sentence]) => {
  expect(changes(edit)).toContain(sentence);
});

const compatible: Record<string, (document: Editable) => void> = {
  "no change": () => {},
  "a new endpoint": (d) => (d.paths["/chat/search"] = { get: listRooms(d) }),
  "a new answer field": (d) => {
    schemas(d).Message.properties.replyCount = { type: "integer" };
    schemas(d).Message.required.push("replyCount");
  },
  "an answer field that is never null any more": (d) => (schemas(d).User.properties.appCode.type = "string"),
  "an answer with fewer values of an enum": (d) =>
    (d.components.schemas.RoomSummary.properties.kind = { const: "group" }),
  "a new optional request field": (d) => (schemas(d).UpsertUserBody.properties.email = { type: "string" }),
  "a request field that may be left out now": (d) => schemas(d).UpsertUserBody.required.pop(),
  "a request field that may be null now": (d) =>
    (schemas(d).UpsertUserBody.properties.username.type = ["string", "null"]),
  "a higher upper bound": (d) => (schemas(d).CreateRoomBody.properties.participants.maxItems = 5000),
  "a new optional parameter": (d) =>
    listRooms(d).parameters.push({ name: "app", in: "query", required: false, schema: { type: "string" } }),
  "a new success status": (d) => (listRooms(d).responses["206"] = listRooms(d).responses["200"]),
  "a new error": (d) => (d.components.examples.teapot = { value: { statusCode: 418 } }),
  "an endpoint that answers an error less": (d) => delete sendMessage(d).responses["403"],
  "other words": (d) => (schemas(d).Message.description = "A message"),
  "a schema under another name": (d) => {
    const renamed = JSON.stringify(d).replaceAll('"#/components/schemas/User"', '"#/components/schemas/Person"');
    Object.assign(d, JSON.parse(renamed));
    schemas(d).Person = schemas(d).User;
    delete schemas(d).User;
  },
};

test.each(Object.entries(compatible))("accepts %s", (_name, edit) => {
  expect(changes(edit)).toEqual([]);
});

test("a schema may contain itself", () => {
  const tree = (value: object) => ({
    ...openapi,
    components: {
      ...openapi.components,
      schemas: {
        ...schemas(openapi),
        User: {
          type: "object",
          properties: { value, children: { type: "array", items: { $ref: "#/components/schemas/User" } } },
        },
      },
    },
  });
  expect(findBreakingChanges(tree({ type: "string" }), tree({ type: "string" }))).toEqual([]);
  expect(findBreakingChanges(tree({ type: "string" }), tree({ type: "integer" }))).toContain(
    "POST /users answer 200.value: can now be integer",
  );
});

const eventChanges: Record<string, [(messages: Editable, schemas: Editable) => void, readonly string[]]> = {
  "an event removed": [(messages) => delete messages["send-presence"], ["event send-presence: removed"]],
  "a field of a sent event removed": [
    (_messages, { Presence }) => delete Presence.properties.online,
    ["event send-presence.online: removed"],
  ],
  "a new required field of a received event": [
    (_messages, { JoinRoom }) => JoinRoom.required.push("userId"),
    ["event receive-join-room.userId: is now required"],
  ],
  "a received event that is no bare room id any more": [
    (_messages, { LeaveRoom }) => LeaveRoom.anyOf.pop(),
    ["event receive-leave-room: can no longer be string"],
  ],
  "a new event and a new field of a sent one": [
    (messages, { Presence }) => {
      Presence.properties.since = { type: "string" };
      messages["send-message-translated"] = messages["send-new-message"];
    },
    [],
  ],
};

test.each(Object.entries(eventChanges))("events: %s", (_name, [edit, sentences]) => {
  const after = structuredClone(asyncapi);
  edit(after.components.messages, after.components.schemas);
  expect(findBreakingEvents(asyncapi, after)).toEqual(sentences);
});
