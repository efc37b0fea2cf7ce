import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestClient } from "../../scripts/testing/client.ts";
import type { TestClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { filePart, presign, uploadFile } from "../../scripts/testing/upload-file.ts";

const { png } = sampleFiles;

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

/** A room of two with a file in it, somebody who was removed from it, and somebody who never was in it. */
const createScene = async () => {
  const [owner, reader, removed, stranger] = (await Promise.all(
    Array.from({ length: 4 }, () => createTestUser(one, one.a)),
  )) as [TestUser, TestUser, TestUser, TestUser];
  const room = await createTestRoom(one.a, [owner, reader, removed]);
  const uploadId = await uploadFile(owner.client, png);
  const send = (user: TestUser, id = uploadId, roomId = room.id) =>
    user.client.post(`/chat/rooms/${roomId}/messages`, { parts: [filePart(id, png)] });
  const message = (await send(owner)).body;
  await one.a.api.call("DELETE", `/chat/rooms/${room.id}/participants/${removed.id}?actorUserId=${owner.id}`);
  return { owner, reader, removed, stranger, room, uploadId, message, send };
};

const verbs = (
  uploadId: string,
): readonly (readonly [string, (client: TestClient) => ReturnType<TestClient["get"]>])[] => [
  ["F2 complete", (client) => client.post(`/chat/uploads/${uploadId}/complete`, {})],
  ["F3 abort", (client) => client.call("DELETE", `/chat/uploads/${uploadId}`)],
  ["F4 access", (client) => client.get(`/chat/uploads/${uploadId}/access`)],
];

describe("E01 a file of a room", () => {
  test("E01 is for strangers, those who were removed and another tenant as one that never was", async () => {
    const { removed, stranger, uploadId } = await createScene();
    const b1 = await createTestUser(one, one.b);
    for (const client of [removed.client, stranger.client, b1.client, one.b.api]) {
      const answersFor = async (id: string) => {
        const answers = [];
        for (const [, call] of verbs(id)) answers.push(await call(client));
        return answers;
      };
      const answers = await answersFor(uploadId);
      for (const answer of answers) expectRefusal(answer, "upload_not_found");
      expect(answers.map(withoutRequestId)).toEqual((await answersFor(randomUUID())).map(withoutRequestId));
      expect((await client.post("/chat/uploads/access", { uploadIds: [uploadId] })).body).toEqual({ urls: [] });
    }
  });

  test("E04 without a credential nothing is done and nothing told", async () => {
    const { uploadId, owner } = await createScene();
    const nobody = createTestClient(one.url, {});
    for (const [, call] of verbs(uploadId)) expectRefusal(await call(nobody), "unauthorized");
    expectRefusal(await nobody.post("/chat/uploads/access", { uploadIds: [uploadId] }), "unauthorized");
    expectRefusal(await presign(nobody, png), "unauthorized");
    expect((await owner.client.get(`/chat/uploads/${uploadId}/access`)).status).toBe(200);
  });

  test("F4 §16.15 is there for its uploader, for who is in the room, and for the backend, on every gateway", async () => {
    const { owner, reader, uploadId } = await createScene();
    const peer = createTestClient(two.url, { authorization: `Bearer ${reader.token}` });
    for (const client of [owner.client, reader.client, one.a.api, peer]) {
      const { status, body } = await client.get(`/chat/uploads/${uploadId}/access`);
      expect(status).toBe(200);
      expect(Object.keys(body).toSorted()).toEqual(["accessUrl", "accessUrlExpiresAt", "uploadId"]);
      // Published clients drop what ends within 300 s (contract 8).
      expect(Date.parse(body.accessUrlExpiresAt) - Date.now()).toBeGreaterThan(3_590_000);
      expect((await fetch(body.accessUrl)).status).toBe(200);
    }
  });

  test("F4 is not there any more for who has cleared the message, and still for its uploader", async () => {
    const { owner, reader, uploadId, room } = await createScene();
    for (const user of [owner, reader]) await user.client.post(`/chat/rooms/${room.id}/clear-history`, {});
    expectRefusal(await reader.client.get(`/chat/uploads/${uploadId}/access`), "upload_not_found");
    expect((await owner.client.get(`/chat/uploads/${uploadId}/access`)).status).toBe(200);
  });

  test("F4 one that is not completed has no link, and other texts are no ids", async () => {
    const ann = await createTestUser(one, one.a);
    const { uploadId } = (await presign(ann.client, png)).body;
    expectRefusal(await ann.client.get(`/chat/uploads/${uploadId}/access`), "upload_not_found");
    for (const id of ["x", "..%2F..%2Fetc", "%00", "'; drop table uploads --", "0".repeat(4000)]) {
      for (const [, call] of verbs(encodeURIComponent(id))) expectRefusal(await call(ann.client), "upload_not_found");
    }
  });

  test("F4 an id in capitals is the same one", async () => {
    const { owner, uploadId } = await createScene();
    const { body } = await owner.client.get(`/chat/uploads/${uploadId.toUpperCase()}/access`);
    expect(body.uploadId).toBe(uploadId);
  });
});

describe("F5 links to several files", () => {
  test("F5 leaves out what is not there or not the caller's, and keeps the order", async () => {
    const { reader, owner, uploadId } = await createScene();
    const unsent = await uploadFile(owner.client, png);
    const own = await uploadFile(reader.client, png);
    const foreign = await uploadFile(one.b.api, png);
    const uploadIds = [own, foreign, "no id", unsent, randomUUID(), uploadId, own.toUpperCase()];
    const { status, body } = await reader.client.post("/chat/uploads/access", { uploadIds });
    expect(status).toBe(200);
    expect(body.urls.map((url: { uploadId: string }) => url.uploadId)).toEqual([own, uploadId]);
    for (const { accessUrl } of body.urls) expect((await fetch(accessUrl)).status).toBe(200);
  });

  test("F5 takes a hundred and no more", async () => {
    const ask = (count: number) =>
      one.a.api.post("/chat/uploads/access", { uploadIds: Array.from({ length: count }, () => randomUUID()) });
    expect((await ask(100)).body).toEqual({ urls: [] });
    expect((await ask(101)).body.code).toBe("invalid_request");
    expect((await one.a.api.post("/chat/uploads/access", { uploadIds: [] })).body).toEqual({ urls: [] });
  });
});

describe("E05 who may send a file", () => {
  test("E05 another's file that one cannot read, an unfinished one and an unknown one are refused alike", async () => {
    const { reader, room, send } = await createScene();
    const stranger = await createTestUser(one, one.a);
    const theirs = await uploadFile(stranger.client, png);
    const { uploadId: unfinished } = (await presign(reader.client, png)).body;
    const foreign = await uploadFile(one.b.api, png);
    for (const id of [theirs, unfinished, foreign, randomUUID(), "no id"]) {
      expectRefusal(await send(reader, id), "upload_not_usable");
    }
    for (const uploadId of [5, {}, [], true, ""]) {
      const answer = await reader.client.post(`/chat/rooms/${room.id}/messages`, {
        parts: [{ type: "file", uploadId }],
      });
      expectRefusal(answer, "upload_not_usable");
    }
    const messages = (await reader.client.get(`/chat/rooms/${room.id}/messages`)).body.messages;
    expect(messages.filter(({ senderId }: { senderId: string }) => senderId === reader.id)).toEqual([]);
  });

  test("E05 one's own, and one that one can read, may be sent; a backend may send any of its tenant's", async () => {
    const { owner, reader, stranger, uploadId, send, room } = await createScene();
    expect((await send(reader)).status).toBe(201);
    const other = await createTestRoom(one.a, [reader, stranger]);
    expect((await send(reader, uploadId, other.id)).status).toBe(201);
    // Who now has it in a room of its own may read it, and send it on.
    expect((await stranger.client.get(`/chat/uploads/${uploadId}/access`)).status).toBe(200);
    const nobodys = await uploadFile(one.a.api, png);
    const body = { senderId: owner.id, parts: [filePart(nobodys, png)] };
    expect((await one.a.api.post(`/chat/rooms/${room.id}/messages`, body)).status).toBe(201);
    const foreign = await uploadFile(one.b.api, png);
    const stolen = { senderId: owner.id, parts: [filePart(foreign, png)] };
    expectRefusal(await one.a.api.post(`/chat/rooms/${room.id}/messages`, stolen), "upload_not_usable");
  });

  test("E05 what a part says of its file is what is known of it", async () => {
    const { owner, room, uploadId } = await createScene();
    const lie = {
      type: "file",
      uploadId: uploadId.toUpperCase(),
      mediaType: "application/pdf",
      filename: "invoice.pdf",
      size: 1,
    };
    const { body } = await owner.client.post(`/chat/rooms/${room.id}/messages`, { parts: [lie] });
    expect(body.parts[0]).toMatchObject({ uploadId, mediaType: "image/png", filename: "dot.png", size: 1 });
  });
});

describe("E03 the file of another room", () => {
  test("E03 is not sent on by naming a message of one's own room", async () => {
    const [mine, theirs] = [await createScene(), await createScene()];
    const forward = (roomId: string, messageId: string) =>
      mine.owner.client.post(`/chat/rooms/${roomId}/messages/${messageId}/forward`, { targetRoomIds: [mine.room.id] });
    expectRefusal(await forward(mine.room.id, theirs.message.id), "message_not_found");
    expectRefusal(await forward(theirs.room.id, theirs.message.id), "room_not_found");
    const edit = await mine.owner.client.patch(`/chat/rooms/${mine.room.id}/messages/${mine.message.id}`, {
      parts: [filePart(theirs.uploadId, png)],
    });
    expectRefusal(edit, "upload_not_usable");
    expectRefusal(await mine.owner.client.get(`/chat/uploads/${theirs.uploadId}/access`), "upload_not_found");
  });
});

describe("F3 giving up", () => {
  test("F3 works for what is announced and for what has arrived, until a message uses it", async () => {
    const { owner, uploadId } = await createScene();
    expectRefusal(await owner.client.call("DELETE", `/chat/uploads/${uploadId}`), "upload_in_use");
    const { uploadId: pending } = (await presign(owner.client, png)).body;
    const unsent = await uploadFile(owner.client, png);
    for (const id of [pending, unsent]) {
      const answer = await owner.client.call("DELETE", `/chat/uploads/${id}`);
      expect([answer.status, answer.body]).toEqual([200, { ok: true }]);
      expectRefusal(await owner.client.call("DELETE", `/chat/uploads/${id}`), "upload_not_found");
      expectRefusal(await owner.client.post(`/chat/uploads/${id}/complete`, {}), "upload_not_found");
    }
  });

  test("F3 a link is dead with its file", async () => {
    const ann = await createTestUser(one, one.a);
    const uploadId = await uploadFile(ann.client, png);
    const { accessUrl } = (await ann.client.get(`/chat/uploads/${uploadId}/access`)).body;
    expect((await fetch(accessUrl)).status).toBe(200);
    await ann.client.call("DELETE", `/chat/uploads/${uploadId}`);
    expect((await fetch(accessUrl)).status).toBe(404);
  });

  test("F3 of abort and send at once one wins, and no message is left without its file", async () => {
    const ann = await createTestUser(one, one.a);
    const room = await createTestRoom(one.a, [ann]);
    const peer = createTestClient(two.url, { authorization: `Bearer ${ann.token}` });
    const outcomes = new Set<string>();
    for (let n = 0; n < 40; n++) {
      const uploadId = await uploadFile(ann.client, png);
      const [sent, aborted] = await Promise.all([
        ann.client.post(`/chat/rooms/${room.id}/messages`, { parts: [filePart(uploadId, png)] }),
        peer.call("DELETE", `/chat/uploads/${uploadId}`),
      ]);
      const outcome = `${sent.body.code ?? "sent"} ${aborted.body.code ?? "aborted"}`;
      outcomes.add(outcome);
      expect(["sent upload_in_use", "upload_not_usable aborted"]).toContain(outcome);
      const access = await ann.client.get(`/chat/uploads/${uploadId}/access`);
      expect(access.status).toBe(sent.status === 201 ? 200 : 404);
    }
    expect(outcomes.size).toBeGreaterThan(0);
  });
});
