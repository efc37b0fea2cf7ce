import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import { createUserClient, connectTestSocket } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { filePart, uploadFile } from "../../scripts/testing/upload-file.ts";

const { png, pdf } = sampleFiles;

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

/** Two people in a room, and a message with a file and a text. */
const createScene = async () => {
  const [ann, bo] = (await Promise.all([createTestUser(one, one.a), createTestUser(one, one.a)])) as [
    TestUser,
    TestUser,
  ];
  const room = await createTestRoom(one.a, [ann, bo]);
  const uploadId = await uploadFile(ann.client, png);
  const parts = [filePart(uploadId, png), { type: "text", text: "a caption" }];
  const messages = `/chat/rooms/${room.id}/messages`;
  const send = (more = {}) => ann.client.post(messages, { parts, ...more });
  return { ann, bo, room, messages, uploadId, parts, send };
};

/** Requires that the first part of a message has a link that works, in all of its places. */
const expectLinked = async ({ parts }: Wire, uploadId: string, bytes: Buffer = png.bytes): Promise<void> => {
  const [part] = parts;
  expect(part.uploadId).toBe(uploadId);
  expect(part.url).toBe(part.accessUrl);
  expect(Date.parse(part.accessUrlExpiresAt) - Date.now()).toBeGreaterThan(3_590_000);
  const response = await fetch(part.url);
  expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
};

const usesOf = async (messageId: string): Promise<string[]> => {
  const rows = await runOn<{ upload_id: string }>(
    one.database.adminUrl,
    `select upload_id from sendsar.upload_uses where message_id = '${messageId}' order by 1`,
  );
  return rows.map((row) => row.upload_id);
};
const isThere = async ({ client }: TestUser, uploadId: string): Promise<boolean> =>
  (await client.get(`/chat/uploads/${uploadId}/access`)).status === 200;

describe("§4.1 every message that is handed out has links to its files", () => {
  test("M1 M2 §16.15 in the answer to its sender, in pages, by itself, pinned, and to the backend", async () => {
    const { ann, bo, room, messages, uploadId, send } = await createScene();
    const sent = await send();
    await expectLinked(sent.body, uploadId);
    expect(sent.body.parts[1]).toEqual({ type: "text", text: "a caption" });
    await expectLinked((await bo.client.get(messages)).body.messages[0], uploadId);
    await expectLinked((await bo.client.get(`${messages}/${sent.body.id}`)).body, uploadId);
    await expectLinked((await one.a.api.get(`${messages}?limit=1`)).body.messages[0], uploadId);
    await expectLinked((await ann.client.post(`${messages}/${sent.body.id}/pin`, { userId: ann.id })).body, uploadId);
    const pinned = await bo.client.get(`/chat/rooms/${room.id}/pinned-messages`);
    await expectLinked(pinned.body.messages[0], uploadId);
    await expectLinked(
      (await ann.client.post(`${messages}/${sent.body.id}/reactions`, { emoji: "👍" })).body,
      uploadId,
    );
  });

  test("M2 §5 in events of sockets of both gateways, of the sender too, and after a drop", async () => {
    const { ann, bo, messages, uploadId, send, room } = await createScene();
    using own = await ann.connect();
    using other = await connectTestSocket(two.url, bo.token);
    const { body } = await send();
    for (const socket of [own, other]) await expectLinked(await socket.next("new-message"), uploadId);
    await ann.client.patch(`${messages}/${body.id}`, {
      parts: [filePart(uploadId, png), { type: "text", text: "another" }],
    });
    for (const socket of [own, other]) await expectLinked(await socket.next("message-updated"), uploadId);

    using late = await connectTestSocket(two.url, bo.token);
    late.socket.emit("resume", { rooms: { [room.id]: 1 } });
    const { rooms } = await late.next("resumed");
    for (const { payload } of rooms[0].events) await expectLinked(payload, uploadId);
  });

  test("M2 in the parent that a reply shows", async () => {
    const { bo, messages, uploadId, send } = await createScene();
    using socket = await connectTestSocket(two.url, bo.token);
    const { body: parent } = await send();
    const reply = await bo.client.post(messages, {
      parts: [{ type: "text", text: "nice" }],
      parentMessageId: parent.id,
    });
    await expectLinked(reply.body.parentMessage, uploadId);
    await expectLinked((await bo.client.get(messages)).body.messages[0].parentMessage, uploadId);
    const told = await socket.next("new-message", ({ id }) => id === reply.body.id);
    await expectLinked(told.parentMessage, uploadId);
  });

  test("M9 in copies", async () => {
    const { ann, messages, uploadId, send } = await createScene();
    const target = await createTestRoom(one.a, [ann]);
    using socket = await connectTestSocket(two.url, ann.token);
    const { body } = await send();
    const copies = await ann.client.post(`${messages}/${body.id}/forward`, {
      userId: ann.id,
      targetRoomIds: [target.id],
    });
    expect(copies.status).toBe(201);
    await expectLinked(copies.body.messages[0], uploadId);
    await expectLinked(await socket.next("new-message", ({ roomId }) => roomId === target.id), uploadId);
    expect(await usesOf(copies.body.messages[0].id)).toEqual([uploadId]);
  });

  test("M2 §16.15 what comes back of links is not stored, and a repeat of a call gets fresh ones", async () => {
    const { ann, bo, room, messages, uploadId } = await createScene();
    const given = {
      ...filePart(uploadId, png),
      url: "https://evil.example/x",
      accessUrl: "x",
      accessUrlExpiresAt: "x",
    };
    const post = () => ann.client.call("POST", messages, { parts: [given] }, { "idempotency-key": `key-${room.id}` });
    const [first, again] = [await post(), await post()];
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    for (const { body } of [first, again]) await expectLinked(body, uploadId);
    await expectLinked((await bo.client.get(messages)).body.messages[0], uploadId);
    const rows = await runOn<{ text: string }>(
      one.database.adminUrl,
      `select parts::text as text from sendsar.messages where room_id = '${room.id}'
       union all select body::text from sendsar.idempotency_keys where idempotency_key = 'key-${room.id}'`,
    );
    expect(rows).toHaveLength(2);
    for (const { text } of rows) expect(text).not.toMatch(/accessUrl|\burl\b|\/files\//);
  });

  test("M2 a file of an outside address stays as it is", async () => {
    const { ann, messages } = await createScene();
    const part = { type: "file", url: "https://shop.example/menu.pdf", mediaType: "application/pdf" };
    expect((await ann.client.post(messages, { parts: [part] })).body.parts).toEqual([part]);
  });
});

describe("a file lives as long as a message uses it", () => {
  test("M3 an edit uses what its parts name, and a file whose last use is gone goes", async () => {
    const { ann, messages, uploadId, send } = await createScene();
    const { body } = await send();
    const other = await uploadFile(ann.client, pdf);
    const edit = (...ids: string[]) =>
      ann.client.patch(`${messages}/${body.id}`, {
        parts: [{ type: "text", text: "x" }, ...ids.map((id) => filePart(id, png))],
      });
    expect((await edit(uploadId, other)).status).toBe(200);
    expect(await usesOf(body.id)).toEqual([uploadId, other].toSorted());
    expect((await edit(other)).status).toBe(200);
    expect(await usesOf(body.id)).toEqual([other]);
    expect([await isThere(ann, uploadId), await isThere(ann, other)]).toEqual([false, true]);
    // It is gone for good.
    expect((await edit(uploadId)).body.code).toBe("upload_not_usable");
    expect((await edit()).status).toBe(200);
    expect(await isThere(ann, other)).toBe(false);
  });

  test("M4 a deletion ends the use, and the links; a copy elsewhere keeps the file", async () => {
    const { ann, bo, messages, uploadId, send } = await createScene();
    const { body } = await send();
    const elsewhere = await createTestRoom(one.a, [bo]);
    const forwarded = await bo.client.post(`${messages}/${body.id}/forward`, { targetRoomIds: [elsewhere.id] });
    const copy = forwarded.body.messages[0];
    const link = body.parts[0].url;
    await ann.client.call("DELETE", `${messages}/${body.id}`);
    expect(await usesOf(body.id)).toEqual([]);
    expect((await fetch(link)).status).toBe(200);
    await bo.client.call("DELETE", `/chat/rooms/${elsewhere.id}/messages/${copy.id}`);
    expect((await fetch(link)).status).toBe(404);
    expect(await isThere(ann, uploadId)).toBe(false);
  });

  test("M3 M4 what was refused changes no use", async () => {
    const { ann, bo, messages, uploadId, send } = await createScene();
    const { body } = await send();
    const own = await uploadFile(bo.client, png);
    const edit = await bo.client.patch(`${messages}/${body.id}`, { parts: [filePart(own, png)] });
    expect(edit.body.code).toBe("author_required");
    expect((await bo.client.call("DELETE", `${messages}/${body.id}`)).body.code).toBe("author_required");
    expect(await usesOf(body.id)).toEqual([uploadId]);
    expect([await isThere(ann, uploadId), await isThere(bo, own)]).toEqual([true, true]);
  });

  test("the same file twice in one message is one use", async () => {
    const { ann, messages, uploadId } = await createScene();
    const part = filePart(uploadId, png);
    const { status, body } = await ann.client.post(messages, { parts: [part, part] });
    expect([status, await usesOf(body.id)]).toEqual([201, [uploadId]]);
  });

  test("K a deleted room's files go, but not what another room has too", async () => {
    const { ann, room, messages, uploadId, send } = await createScene();
    const { body } = await send();
    const shared = await uploadFile(ann.client, pdf);
    const sent = await ann.client.post(messages, { parts: [filePart(shared, pdf)] });
    const elsewhere = await createTestRoom(one.a, [ann]);
    await ann.client.post(`${messages}/${sent.body.id}/forward`, { targetRoomIds: [elsewhere.id] });
    expect((await one.a.api.call("DELETE", `/chat/rooms/${room.id}`)).status).toBe(200);
    expect((await fetch(body.parts[0].url)).status).toBe(404);
    expect([await isThere(ann, uploadId), await isThere(ann, shared)]).toEqual([false, true]);
  });

  test("D17 of deletions and copies at once no copy is left without its file", async () => {
    const { ann, bo, messages, send } = await createScene();
    const elsewhere = await createTestRoom(one.a, [bo]);
    const peer = createUserClient(two.url, bo.token);
    for (let n = 0; n < 20; n++) {
      const uploadId = await uploadFile(ann.client, png);
      const { body } = await send({ parts: [filePart(uploadId, png)] });
      const [deleted, forwarded] = await Promise.all([
        ann.client.call("DELETE", `${messages}/${body.id}`),
        peer.post(`${messages}/${body.id}/forward`, { targetRoomIds: [elsewhere.id] }),
      ]);
      expect(deleted.status).toBe(200);
      expect([201, 400, 409]).toContain(forwarded.status);
      expect(await isThere(bo, uploadId)).toBe(forwarded.status === 201);
    }
  });
});
