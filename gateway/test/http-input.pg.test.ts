import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { RawAnswer, RawRequest } from "../../scripts/testing/raw-request.ts";
import { rawRequest } from "../../scripts/testing/raw-request.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

let gateway: TestGateway;
let user: TestUser;
let roomId: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  user = await createTestUser(gateway, gateway.a);
  ({ id: roomId } = await createTestRoom(gateway.a, [user]));
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const json = ["content-type", "application/json"] as const;

/** Posts as tenant a's backend, byte for byte. */
const post = (path: string, body: string, headers: RawRequest["headers"] = [json]): Promise<RawAnswer> =>
  rawRequest(gateway.url, {
    method: "POST",
    path: `/v1${path}`,
    body,
    headers: [["x-api-key", gateway.a.apiKey], ...headers],
  });

const toAnswer = ({ status, text }: RawAnswer) => ({ status, body: JSON.parse(text) as unknown });

/** Runs something that must be refused, and requires that no row of any tenant was touched by it. */
const untouched = <T>(act: () => Promise<T>): Promise<T> =>
  requireUnchanged(gateway.database.adminUrl, ["a", "b"], act);

const messages = (): string => `/chat/rooms/${roomId}/messages`;
const message = (data: string): string => `{"senderId":"${user.id}","parts":[{"type":"data-x","data":${data}}]}`;

describe("H01 bodies that are too much", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);

  test("H01 100,000 levels: 400 where so large a body is read, 413 elsewhere", () =>
    untouched(async () => {
      expectRefusal(toAnswer(await post("/chat/rooms", deep)), "invalid_json");
      expectRefusal(toAnswer(await post(messages(), deep)), "body_too_large");
      expectRefusal(toAnswer(await post(messages(), message(deep.slice(80_000, 120_000)))), "invalid_json");
    }));

  test("H01 a million keys, and one byte more than a mebibyte: 413", () =>
    untouched(async () => {
      const keys = Array.from({ length: 1_000_000 }, (_, index) => `"${index}":1`).join(",");
      const large = [`{${keys}}`, `["${"a".repeat(1_048_577 - 4)}"]`];
      for (const body of large) {
        for (const path of ["/chat/rooms", "/users", messages()]) {
          expectRefusal(toAnswer(await post(path, body)), "body_too_large");
        }
      }
    }));

  test("H01 a body of exactly the limit is read, one byte more is not", async () => {
    const ofBytes = (bytes: number): string => {
      const head = `{"id":"${user.id}","username":"Name"`;
      return `${head}${" ".repeat(bytes - head.length - 1)}}`;
    };
    expect((await post("/users", ofBytes(limits.bodyBytesMax))).status).toBe(200);
    expectRefusal(toAnswer(await post("/users", ofBytes(limits.bodyBytesMax + 1))), "body_too_large");
  });
});

test("H02 __proto__ and constructor.prototype in every body that is read: 400", () =>
  untouched(async () => {
    for (const poison of ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}']) {
      const bodies: readonly (readonly [string, string])[] = [
        ["/users", poison],
        ["/users", `{"id":"u","username":"u","metadata":{"a":[${poison}]}}`],
        ["/chat/rooms", `{"participants":[{"id":"u"}],"metadata":${poison}}`],
        [messages(), message(poison)],
      ];
      for (const [path, body] of bodies) expectRefusal(toAnswer(await post(path, body)), "invalid_json");
    }
    const patched = await gateway.a.api.patch("/tenant/settings", '{"chat":{"__proto__":{"polluted":1}}}');
    expectRefusal(patched, "invalid_json");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  }));

test("H03 bytes that are no UTF-8: 400, not a text with U+FFFD in it", () =>
  untouched(async () => {
    for (const broken of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      const body = new Uint8Array([...Buffer.from(`{"id":"u","username":"`), ...broken, ...Buffer.from(`"}`)]);
      const response = await fetch(`${gateway.url}/v1/users`, {
        method: "POST",
        headers: { "x-api-key": gateway.a.apiKey, "content-type": "application/json" },
        body,
      });
      expectRefusal({ status: response.status, body: await response.json() }, "invalid_json");
    }
  }));

describe("H04 a body is JSON in UTF-8, or it is not looked at", () => {
  const body = (id: string): string => JSON.stringify({ id, username: "u" });

  const refused: readonly string[] = [
    "application/json\ta",
    "application/json garbage",
    "application/json, text/plain",
    "application/jsonx",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "text/json",
    "*/*",
    "application/json; charset=utf-7",
    "application/json; charset='utf-16'",
    'application/json; x="; charset=utf-7"',
  ];
  for (const type of refused) {
    test(`H04 ${JSON.stringify(type)}: 415`, () =>
      untouched(async () => {
        const answer = await post("/users", body(randomUUID()), [["content-type", type]]);
        expectRefusal(toAnswer(answer), "unsupported_media_type");
      }));
  }

  test("H04 no content type, or two of them: 415", () =>
    untouched(async () => {
      expectRefusal(toAnswer(await post("/users", body(randomUUID()), [])), "unsupported_media_type");
      const two = [["content-type", "text/plain"], json] as const;
      expectRefusal(toAnswer(await post("/users", body(randomUUID()), two)), "unsupported_media_type");
    }));

  test("H04 the spellings of application/json in UTF-8 are all checked by the schema", async () => {
    for (const type of [
      "application/json",
      "APPLICATION/JSON",
      'application/json; charset="utf-8"',
      "application/json;charset=UTF-8",
    ]) {
      expect((await post("/users", body(randomUUID()), [["content-type", type]])).status, type).toBe(201);
      const answer = await post("/users", `{"id":7}`, [["content-type", type]]);
      expect(toAnswer(answer), type).toMatchObject({ status: 400, body: { code: "invalid_request" } });
    }
  });
});

describe("H05 NUL, which Postgres cannot store", () => {
  test("H05 in every text of every body: 400", () =>
    untouched(async () => {
      const url = "https://a.example/";
      const room = {
        name: "n",
        externalId: "e",
        customType: "t",
        avatarUrl: url,
        metadata: { k: ["v"] },
        kind: "group",
      };
      const bodies: Readonly<Record<string, unknown>> = {
        "/users": { id: "i", username: "u", appCode: "c", avatarUrl: url, metadata: { k: { l: "v" } } },
        "/auth/token": { userId: user.id },
        "/chat/rooms": { ...room, participants: [{ id: "i", username: "u", appCode: "c", role: "MEMBER" }] },
        [messages()]: {
          senderId: user.id,
          clientMessageId: "c",
          parentMessageId: randomUUID(),
          parts: [{ type: "text", text: "t", more: "m" }],
        },
        [`/chat/rooms/${roomId}/read`]: { userId: user.id, lastReadMessageId: randomUUID() },
      };
      for (const [path, body] of Object.entries(bodies)) {
        for (const poisoned of withNulIn(body)) {
          expectRefusal(await gateway.a.api.post(path, poisoned), "invalid_json");
        }
      }
      for (const poisoned of withNulIn({ chat: { deletedMessagePlaceholder: "x" }, mine: ["y"] })) {
        expectRefusal(await gateway.a.api.patch("/tenant/settings", poisoned), "invalid_json");
      }
    }));

  test("H05 in a query: 400; in a path: as an unknown id; in a socket event: as an unknown room", async () => {
    for (const query of ["externalId=%00", "participantId=a%00", "cursor=%00", "customTypesFilter=%00", "%00=1"]) {
      expectRefusal(await gateway.a.api.get(`/chat/rooms?${query}`), "invalid_query");
    }
    expectRefusal(await gateway.a.api.get("/chat/rooms/%00"), "room_not_found");
    using socket = await user.connect();
    socket.socket.emit("join-room", { roomId: "\u0000", userId: user.id });
    expect(await socket.next("error")).toMatchObject({ code: "room_not_found" });
  });
});

/** The value, once for each text in it, with a NUL in that text; once for each key, with a NUL in that key. */
const withNulIn = (value: unknown): unknown[] => {
  if (typeof value === "string") return [`${value}\u0000`];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => withNulIn(item).map((poisoned) => value.with(index, poisoned)));
  }
  const entries = Object.entries(value as Record<string, unknown>);
  return entries.flatMap(([key, item]) => [
    ...withNulIn(item).map((poisoned) => ({ ...(value as object), [key]: poisoned })),
    { ...(value as object), [`${key}\u0000`]: item },
  ]);
};

test("H14 a query that two readers would read differently: 400 for who may, 401 for who may not; the process lives", async () => {
  const queries = [
    "a=1&a=2",
    "limit=1&limit=1",
    "a[]=",
    "a[]=1&a[]=2",
    "a[b]=",
    "a[__proto__]=1",
    "limit[$gt]=1",
    "]=1",
    "a%5B%5D=1",
    "%61=1&a=2",
  ];
  for (const query of queries) {
    for (const path of ["/chat/rooms", `/chat/rooms/${roomId}`, messages(), "/tenant/settings"]) {
      expectRefusal(await gateway.a.api.get(`${path}?${query}`), "invalid_query");
      const stranger = await fetch(`${gateway.url}/v1${path}?${query}`);
      expectRefusal({ status: stranger.status, body: await stranger.json() }, "unauthorized");
    }
    expectRefusal(await gateway.a.api.get(`/nowhere?${query}`), "not_found");
    expect((await fetch(`${gateway.url}/healthz?${query}`)).status).toBe(200);
  }
});

describe("H06 much of one thing", () => {
  test("H06 100,000 elements where a list belongs: 400 or 413", () =>
    untouched(async () => {
      const many = (item: unknown) => Array(100_000).fill(item);
      expect((await gateway.a.api.post("/chat/rooms", { participants: many(1) })).status).toBe(400);
      expect(
        (await gateway.a.api.post("/chat/rooms", { participants: [{ id: "u" }], metadata: { a: many(1) } })).status,
      ).toBe(400);
      expectRefusal(
        toAnswer(await post(messages(), JSON.stringify({ senderId: user.id, parts: many(1) }))),
        "body_too_large",
      );
      const parts = Array(limits.messagePartsMax + 1).fill({ type: "text", text: "t" });
      expect((await user.client.post(messages(), { senderId: user.id, parts })).status).toBe(400);
    }));

  test("H06 4 MB of combining marks: 413; as many as a text may have: stored unchanged, the preview is cut", async () => {
    const marks = "\u0301".repeat(limits.messageTextCharsMax);
    expectRefusal(toAnswer(await post(messages(), message(`"${"\u0301".repeat(2_000_000)}"`))), "body_too_large");
    const sent = await user.send(roomId, `a${marks.slice(1)}`);
    expect(sent).toMatchObject({ status: 201, body: { parts: [{ text: `a${marks.slice(1)}` }] } });
    expect(sent.body.previewText.length).toBeLessThanOrEqual(limits.previewCharsMax);
    expect((await user.send(roomId, `a${marks}`)).status).toBe(400);
  });
});
