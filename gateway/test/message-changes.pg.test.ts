import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import { reservedPartTypes } from "@sendsar/protocol/objects/message";
import type { Wire } from "../../scripts/testing/client.ts";
import { connectTestSocket } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { readLogRows } from "../../scripts/testing/log-rows.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { messageCalls } from "../../scripts/testing/message-calls.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestPlace } from "../../scripts/testing/test-place.ts";

// Contract 4.3: editing and deleting.

let gateway: TestGateway;
let peer: TestPeer;
beforeAll(async () => {
  gateway = await startTestGateway();
  peer = await gateway.startPeer();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const backend = () => messageCalls(gateway.a.api);

const lastMessageOf = async (roomId: string) => (await gateway.a.api.get(`/chat/rooms/${roomId}`)).body.lastMessage;

const storedParts = async (messageId: string): Promise<string[]> => {
  const rows = await runOn<{ parts: string }>(
    gateway.database.adminUrl,
    `select parts::text from sendsar.messages where message_id = '${messageId}'`,
  );
  return rows.map(({ parts }) => parts);
};

/** Adds a new user to a group and answers the line that says so. */
const addSomebody = async (roomId: string, actorUserId: string): Promise<Wire> => {
  const userId = `user_${randomUUID()}`;
  const added = await gateway.a.api.post(`/chat/rooms/${roomId}/participants`, { userId, actorUserId });
  expect(added.status).toBe(200);
  return (await gateway.a.api.get(`/chat/rooms/${roomId}/messages?limit=1`)).body.messages[0];
};

const freeze = async (roomId: string): Promise<void> => {
  expect((await gateway.a.api.patch(`/chat/rooms/${roomId}`, { isFrozen: true })).status).toBe(200);
};

const setDisplay = (deletedMessageDisplay: string | null) =>
  gateway.a.api.patch("/tenant/settings", { chat: { deletedMessageDisplay } });

describe("M3 edit", () => {
  test("M3 §16.8 replaces all parts and tells every socket of the room, the author's own first of all", async () => {
    const { roomId, ann, bo } = await createTestPlace(gateway);
    using here = await ann.connect();
    using there = await connectTestSocket(peer.url, bo.token);
    const sent = await ann.says(roomId, "Hallo", { clientMessageId: "mine", parentMessageId: null });
    const { status, body } = await ann.client.patch(`/chat/rooms/${roomId}/messages/${sent.id}`, {
      userId: ann.id,
      parts: [
        { type: "data-poll", data: { q: 1 } },
        { type: "text", text: "Hello\nthere" },
      ],
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...sent,
      parts: [
        { type: "data-poll", data: { q: 1 } },
        { type: "text", text: "Hello\nthere" },
      ],
      previewText: "Hello there",
      editedAt: expect.any(String),
    });
    expect(body.editedAt > sent.createdAt).toBe(true);
    const told = { ...body, changeSeq: sent.seq + 1 };
    expect(await here.next("message-updated")).toEqual(told);
    expect(await there.next("message-updated")).toEqual(told);
    expect((await bo.on.get(sent)).body).toEqual(body);
    expect((await readLogRows(gateway.database.adminUrl, roomId)).at(-1)).toEqual({
      seq: sent.seq + 1,
      type: "message.updated",
      actorId: ann.id,
      messageId: sent.id,
      data: { change: "edited" },
    });
  });

  test("M3 lists show the new preview of the last message, and no other's", async () => {
    const { roomId, ann } = await createTestPlace(gateway);
    const [first, last] = [await ann.says(roomId, "first"), await ann.says(roomId, "last")];
    expect((await ann.on.edit(first, "first, changed")).status).toBe(200);
    expect(await lastMessageOf(roomId)).toEqual({ previewText: "last", createdAt: last.createdAt });
    expect((await ann.on.edit(last, "last, changed")).status).toBe(200);
    expect(await lastMessageOf(roomId)).toEqual({ previewText: "last, changed", createdAt: last.createdAt });
    const { body } = await ann.client.patch(`/chat/rooms/${roomId}/messages/${last.id}`, { parts: [{ type: "x" }] });
    expect(body.previewText).toBeNull();
    expect(await lastMessageOf(roomId)).toEqual({ previewText: null, createdAt: last.createdAt });
  });

  test("M3 the author edits, and a backend; an operator and another member do not", async () => {
    const { roomId, operator, ann, bo } = await createTestPlace(gateway);
    const sent = await ann.says(roomId, "mine");
    expectRefusal(await operator.on.edit(sent, "not mine"), "author_required");
    expectRefusal(await bo.on.edit(sent, "not mine"), "author_required");
    expectRefusal(await bo.on.edit(sent, "as another", { userId: ann.id }), "cannot_act_as_other_user");
    expectRefusal(await backend().edit(sent, "by nobody"), "actor_required");
    expectRefusal(await backend().edit(sent, "by a stranger", { userId: "stranger" }), "not_a_participant");
    expect((await bo.on.get(sent)).body).toEqual(sent);
    const moderated = await backend().edit(sent, "moderated", { userId: operator.id });
    expect(moderated.body).toMatchObject({ senderId: ann.id, previewText: "moderated" });
  });

  test("M3 parts of the server are refused, and so are parts that do not fit", async () => {
    const { roomId, ann } = await createTestPlace(gateway);
    const sent = await ann.says(roomId, "mine");
    const edit = (parts: unknown) => ann.client.patch(`/chat/rooms/${roomId}/messages/${sent.id}`, { parts });
    for (const type of reservedPartTypes) expectRefusal(await edit([{ type, data: {} }]), "reserved_part_type");
    for (const parts of [[], null, {}, [{}], [{ type: "text", text: "x".repeat(limits.messageTextCharsMax + 1) }]]) {
      expect((await edit(parts)).body.code, JSON.stringify(parts)?.slice(0, 40)).toBe("invalid_request");
    }
    const accessUrl = "https://s.example/x?sig=1";
    const file = { type: "file", url: "https://files.example/a.png", filename: "a.png" };
    expect((await edit([file])).body).toMatchObject({ previewText: "Attachment", parts: [file] });
    expectRefusal(await edit([{ type: "file", uploadId: "no-such-upload", accessUrl }]), "upload_not_usable");
    expect((await ann.on.get(sent)).body.parts).toEqual([file]);
  });

  test("M3 neither what was deleted nor what the server wrote can be edited", async () => {
    const { roomId, operator, ann } = await createTestPlace(gateway);
    const gone = await ann.says(roomId, "gone");
    expect((await ann.on.remove(gone)).status).toBe(200);
    expectRefusal(await ann.on.edit(gone, "back again"), "message_deleted");
    expectRefusal(await backend().edit(gone, "back again", { userId: ann.id }), "message_deleted");
    const line = await addSomebody(roomId, operator.id);
    expectRefusal(await operator.on.edit(line, "I was never here"), "message_not_changeable");
    expectRefusal(await operator.on.remove(line), "message_not_changeable");
    expectRefusal(await backend().remove(line, `userId=${operator.id}`), "message_not_changeable");
    expectRefusal(await ann.on.remove(line), "author_required");
  });
});

describe("M4 delete", () => {
  test("M4 §16.9 D11 empties the message, keeps its place, and tells nothing of what it said", async () => {
    const { roomId, ann, bo } = await createTestPlace(gateway);
    const sent = await ann.says(roomId, "the secret word", { clientMessageId: "mine" });
    await bo.on.react(sent, "👍");
    await bo.on.pin(sent);
    using here = await ann.connect();
    using there = await connectTestSocket(peer.url, bo.token);
    const { status, body } = await ann.on.remove(sent, `userId=${ann.id}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...sent,
      parts: [],
      previewText: null,
      reactions: [],
      pinnedAt: null,
      pinnedBy: null,
      deletedAt: expect.any(String),
      deletedHidden: false,
    });
    for (const socket of [here, there]) {
      expect(await socket.next("message-updated")).toEqual({ ...body, changeSeq: sent.seq + 3 });
    }
    expect((await bo.on.list(roomId)).body.messages).toEqual([body]);
    expect(await lastMessageOf(roomId)).toEqual({ previewText: null, createdAt: sent.createdAt });
    for (const path of [`/chat/rooms/${roomId}`, "/chat/rooms", `/chat/rooms/${roomId}/pinned-messages`]) {
      expect(JSON.stringify((await bo.client.get(path)).body)).not.toContain("secret");
    }
    const log = await readLogRows(gateway.database.adminUrl, roomId);
    expect(log.at(-1)).toMatchObject({ type: "message.updated", data: { change: "deleted" } });
    expect(JSON.stringify(log)).not.toContain("secret");
    expect(await storedParts(sent.id)).toEqual(["[]"]);
  });

  test("M4 the author, an operator and a backend delete; another member does not", async () => {
    const { roomId, operator, ann, bo } = await createTestPlace(gateway);
    const [one, two, three] = [await ann.says(roomId, "1"), await ann.says(roomId, "2"), await ann.says(roomId, "3")];
    expectRefusal(await bo.on.remove(one), "author_required");
    expectRefusal(await bo.on.remove(one, `userId=${ann.id}`), "cannot_act_as_other_user");
    expectRefusal(await backend().remove(one), "actor_required");
    expectRefusal(await backend().remove(one, "userId=stranger"), "not_a_participant");
    expect((await ann.on.remove(one)).body.deletedAt).not.toBeNull();
    expect((await operator.on.remove(two)).body.deletedAt).not.toBeNull();
    expect((await backend().remove(three, `userId=${bo.id}`)).body.deletedAt).not.toBeNull();
    const actors = (await readLogRows(gateway.database.adminUrl, roomId)).slice(-3).map(({ actorId }) => actorId);
    expect(actors).toEqual([ann.id, operator.id, bo.id]);
  });

  test("M4 a second deletion answers the same, writes nothing and tells nobody", async () => {
    const { roomId, ann, operator } = await createTestPlace(gateway);
    using socket = await ann.connect();
    const sent = await ann.says(roomId, "gone");
    const first = await ann.on.remove(sent);
    const again = await Promise.all(Array.from({ length: 5 }, () => operator.on.remove(sent)));
    for (const { status, body } of again) expect({ status, body }).toEqual({ status: 200, body: first.body });
    const after = await ann.says(roomId, "afterwards");
    expect(after.seq).toBe(sent.seq + 2);
    await socket.next("new-message", ({ id }) => id === after.id);
    expect(socket.of("message-updated")).toHaveLength(1);
  });

  test("M4 the setting of the moment says whether a deleted message is to be shown at all", async () => {
    const { roomId, ann, bo } = await createTestPlace(gateway);
    const [gone, kept] = [await ann.says(roomId, "gone"), await ann.says(roomId, "kept")];
    expect((await ann.on.remove(gone)).body.deletedHidden).toBe(false);
    try {
      await setDisplay("hidden");
      const { messages } = (await bo.on.list(roomId)).body;
      expect(messages.map((message: Record<string, unknown>) => message["deletedHidden"])).toEqual([null, true]);
      using socket = await bo.connect();
      expect((await ann.on.remove(kept)).body.deletedHidden).toBe(true);
      expect((await socket.next("message-updated")).deletedHidden).toBe(true);
    } finally {
      await setDisplay(null);
    }
    expect((await bo.on.get(kept)).body.deletedHidden).toBe(false);
  });
});

describe("M2 replies", () => {
  test("M2 what a reply shows of its parent follows edits and the deletion of the parent", async () => {
    const { roomId, ann, bo } = await createTestPlace(gateway);
    const parent = await ann.says(roomId, "Packed!");
    const reply = await bo.says(roomId, "Thanks", { parentMessageId: parent.id });
    await ann.on.edit(parent, "Sent!");
    const shown = { id: parent.id, senderId: ann.id, parts: [{ type: "text", text: "Sent!" }], previewText: "Sent!" };
    expect((await bo.on.get(reply)).body.parentMessage).toEqual({ ...shown, deleted: false });
    await ann.on.remove(parent);
    expect((await bo.on.get(reply)).body.parentMessage).toEqual({
      ...shown,
      parts: [],
      previewText: null,
      deleted: true,
    });
    const late = await bo.says(roomId, "Still there?", { parentMessageId: parent.id });
    expect(late.parentMessage).toMatchObject({ parts: [], previewText: null, deleted: true });
  });
});

describe("a frozen room", () => {
  test("M3-M7 its users change nothing, a backend does", async () => {
    const { roomId, operator, ann } = await createTestPlace(gateway);
    const sent = await ann.says(roomId, "before");
    await freeze(roomId);
    for (const answer of [
      await ann.on.edit(sent, "after"),
      await ann.on.remove(sent),
      await operator.on.remove(sent),
      await ann.on.react(sent, "👍"),
      await operator.on.pin(sent),
      await operator.on.unpin(sent),
      await ann.on.forward(sent, [roomId]),
    ]) {
      expectRefusal(answer, "room_frozen");
    }
    expect((await ann.on.get(sent)).body).toEqual(sent);
    const byBackend = { userId: operator.id };
    expect((await backend().edit(sent, "after", byBackend)).status).toBe(200);
    expect((await backend().react(sent, "👍", byBackend)).status).toBe(200);
    expect((await backend().pin(sent, byBackend)).status).toBe(200);
    expect((await backend().unpin(sent, `userId=${operator.id}`)).status).toBe(200);
    expect((await backend().forward(sent, [roomId], byBackend)).status).toBe(201);
    expect((await backend().remove(sent, `userId=${operator.id}`)).status).toBe(200);
  });
});
