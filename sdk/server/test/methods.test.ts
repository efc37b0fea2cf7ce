import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SendsarError, directExternalId } from "../src/server-sdk.ts";
import { type ApiDouble, answering, refusing, startApiDouble } from "./api-double.ts";
import { createTestSendsar, failureOf } from "./test-sendsar.ts";

let api: ApiDouble;

beforeAll(async () => {
  api = await startApiDouble();
});
afterAll(() => api[Symbol.asyncDispose]());

const pathsOf = (): string[] => api.requests.map(({ path }) => path);

describe("lists", () => {
  test("all reads the next page only when the one before is used up", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    const page = (ids: string[], nextCursor: string | null) =>
      answering(200, { users: ids.map((id) => ({ id })), nextCursor });
    api.plan(page(["a", "b"], "c+1"), page([], "c2"), page(["c"], null));
    const seen: string[] = [];
    for await (const { id } of sendsar.users.all({ limit: 2 })) {
      seen.push(`${id} after ${api.requests.length}`);
    }
    expect(seen).toEqual(["a after 1", "b after 1", "c after 3"]);
    expect(pathsOf()).toEqual(["/users?limit=2", "/users?limit=2&cursor=c%2B1", "/users?limit=2&cursor=c2"]);
  });

  test("whoever stops reads no further", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(answering(200, { rooms: [{ id: "r1" }, { id: "r2" }], nextCursor: "more" }));
    for await (const { id } of sendsar.rooms.all({ participantId: "ann" })) {
      if (id === "r2") break;
    }
    expect(pathsOf()).toEqual(["/chat/rooms?participantId=ann"]);
  });

  test("messages from before one go on by cursor alone", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(
      answering(200, { messages: [{ id: "m2" }], nextCursor: "c1" }),
      answering(200, { messages: [{ id: "m1" }], nextCursor: null }),
    );
    const ids: string[] = [];
    for await (const { id } of sendsar.messages.all("r1", { before: "m3", viewerId: "ann" })) ids.push(id);
    expect(ids).toEqual(["m2", "m1"]);
    expect(pathsOf()).toEqual([
      "/chat/rooms/r1/messages?before=m3&viewerId=ann",
      "/chat/rooms/r1/messages?viewerId=ann&cursor=c1",
    ]);
  });

  test("a page that leads to itself ends it", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(answering(200, { users: [{ id: "a" }], nextCursor: "same" }));
    const readAll = async (): Promise<void> => {
      for await (const _ of sendsar.users.all());
    };
    expect(await failureOf(readAll())).toMatchObject({ code: "invalid_answer" });
    expect(api.requests.length).toBe(2);
  });

  test("find answers nothing where nothing is", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(
      answering(200, { rooms: [], nextCursor: null }),
      answering(200, { rooms: [{ id: "r1" }], nextCursor: null }),
    );
    expect(await sendsar.rooms.find("order:1")).toBeUndefined();
    expect(await sendsar.rooms.find("order:1")).toEqual({ id: "r1" });
    expect(pathsOf()[0]).toBe("/chat/rooms?externalId=order%3A1&limit=1");
  });
});

describe("rooms that are ensured", () => {
  const room = (kind: string, ...userIds: string[]) =>
    answering(200, { id: "r1", kind, participants: userIds.map((userId) => ({ userId })) });

  test("3.2 a direct room has the same externalId from both sides", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(room("direct", "ann", "bo"));
    await sendsar.rooms.ensureDirect("bo", "ann");
    await sendsar.rooms.ensureDirect("ann", { id: "bo", username: "Bo" }, { customType: "demo_dm" });
    expect(api.requests.map(({ body }) => JSON.parse(body) as object)).toEqual([
      { kind: "direct", externalId: "dm:ann:bo", participants: [{ id: "bo" }, { id: "ann" }] },
      {
        kind: "direct",
        externalId: "dm:ann:bo",
        customType: "demo_dm",
        participants: [{ id: "ann" }, { id: "bo", username: "Bo" }],
      },
    ]);
    expect(directExternalId("Z", "a")).toBe("dm:Z:a");
    expect(directExternalId("ü", "z")).toBe("dm:z:ü");
  });

  test("a room of others that has the same name is not answered", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    expect(directExternalId("a:b", "c")).toBe(directExternalId("a", "b:c"));
    api.plan(room("direct", "a:b", "c"));
    expect(await failureOf(sendsar.rooms.ensureDirect("a", "b:c"))).toMatchObject({
      code: "room_mismatch",
      message: 'unable to ensure a direct room; the room "dm:a:b:c" is not one between these two users',
    });
    api.plan(room("group", "ann", "bo"));
    expect(await failureOf(sendsar.rooms.ensureDirect("ann", "bo"))).toMatchObject({ code: "room_mismatch" });
    api.plan(room("direct", "ann", "bo"));
    expect(await failureOf(sendsar.rooms.ensureGroup("dm:ann:bo", { participants: ["ann"] }))).toMatchObject({
      code: "room_mismatch",
    });
  });

  test("a direct room whose other half was deleted is still that room", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(room("direct", "ann"));
    expect(await sendsar.rooms.ensureDirect("ann", "bo")).toMatchObject({ id: "r1" });
  });

  test("one user alone is refused", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(answering(200, {}));
    for (const [a, b] of [
      ["ann", "ann"],
      ["", "ann"],
      ["ann", undefined as never],
    ] as const) {
      expect(await failureOf(sendsar.rooms.ensureDirect(a, { id: b }))).toMatchObject({ code: "invalid_options" });
    }
    expect(api.requests).toEqual([]);
  });
});

describe("calls that guard against a mistake", () => {
  test("revoking the sessions of nobody does not revoke those of all", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(answering(200, { ok: true }));
    for (const userId of ["", undefined as never, null as never]) {
      expect(await failureOf(sendsar.sessions.revoke(userId))).toMatchObject({ code: "invalid_options" });
    }
    expect(api.requests).toEqual([]);
    await sendsar.sessions.revokeAll();
    expect(api.requests[0]?.body).toBe("{}");
  });

  test("a message without content is refused, sent or edited", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(answering(200, {}));
    for (const failure of [
      await failureOf(sendsar.messages.send("r1", { senderId: "ann" })),
      await failureOf(sendsar.messages.edit("r1", "m1", { userId: "ann", parts: [] })),
    ]) {
      expect(failure).toMatchObject({ code: "invalid_options", reason: "it has neither text nor parts" });
    }
    expect(api.requests).toEqual([]);
  });
});

describe("deleting a user", () => {
  const deleted = (done: boolean) => answering(200, { ok: true, userId: "ann", done });

  test("goes on until all is gone", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(deleted(false), deleted(false), deleted(true));
    expect(await sendsar.users.delete("ann", { deleteMessages: true })).toMatchObject({ done: true });
    expect(pathsOf()).toEqual(Array(3).fill("/users/ann?deleteMessages=true"));
  });

  test("ends at some time, and says that there is more", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(deleted(false));
    expect(await sendsar.users.delete("ann")).toMatchObject({ done: false });
    expect(api.requests.length).toBe(1000);
  });
});

test("an error carries all that the server says", async () => {
  const { sendsar } = createTestSendsar(api.apiUrl);
  const details = [{ path: "body.username", message: "must not be empty" }];
  api.plan(refusing(400, "invalid_request", {}, { details }));
  const failure = await failureOf(sendsar.users.upsert({ id: "ann", username: "" }));
  expect(failure).toBeInstanceOf(SendsarError);
  expect(failure).toMatchObject({
    name: "SendsarError",
    message: "unable to call POST /users; 400 invalid_request: It is invalid_request (request req_7)",
    reason: "It is invalid_request",
    code: "invalid_request",
    status: 400,
    requestId: "req_7",
    details,
  });
  expect((failure as Error).cause).toBeUndefined();
});

test.each([
  ['{"message":"only a message"}', "http_403", "only a message"],
  ['{"error":7,"details":[1,null]}', "http_403", "no explanation"],
  ["<html>", "http_403", "no explanation"],
  ["null", "http_403", "no explanation"],
])("an error body of another kind is tolerated: %s", async (body, code, reason) => {
  const { sendsar } = createTestSendsar(api.apiUrl);
  api.plan(answering(403, body));
  expect(await failureOf(sendsar.users.get("ann"))).toMatchObject({ code, reason });
});
