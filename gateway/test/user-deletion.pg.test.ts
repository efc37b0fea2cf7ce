import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestSocket, Wire } from "../../scripts/testing/client.ts";
import { connectTestSocket, createUserClient, refusedSocket } from "../../scripts/testing/client.ts";
import { searchDatabase } from "../../scripts/testing/database-search.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { messageCalls } from "../../scripts/testing/message-calls.ts";
import { createTestSubscription } from "../../scripts/testing/push-subscription.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { filePart, presign, uploadFile } from "../../scripts/testing/upload-file.ts";

// K08: a user is erased. Two gateways; what is deleted on the first is seen on the second.

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(one), ...loggedFailures(two)]).toEqual([]);
});

const text = (value: string) => [{ type: "text", text: value }];
const newUser = () => createTestUser(one, one.a);
const deleteUser = (id: string, query = "") => one.a.api.call("DELETE", `/users/${encodeURIComponent(id)}${query}`);
const linesOf = async (user: TestUser, roomId: string): Promise<string[]> => {
  const { body } = await user.client.get(`/chat/rooms/${roomId}/messages?limit=100`);
  return body.messages
    .filter(({ parts }: Wire) => parts[0]?.type === "data-membership")
    .map(({ previewText }: Wire) => previewText);
};

/** Texts that are nowhere else, all of which begin with `begin`. */
const createPlanter = () => {
  const begin = `canary${randomBytes(6).toString("hex")}`;
  const planted: string[] = [];
  const plant = (what: string): string => {
    planted.push(`${begin}-${planted.length}-${what}`);
    return planted.at(-1) ?? "";
  };
  return { begin, planted, plant };
};

describe("K08 everything that a user is and wrote", () => {
  test("K08 of more than 20 texts of the user not one is left in the database or among the files, and what others wrote is", async () => {
    const { api } = one.a;
    const [bo, cy] = [await newUser(), await newUser()];
    const ann = await newUser();
    const { begin, planted, plant: canary } = createPlanter();
    const upsert = (username: string) =>
      api.post("/users", {
        id: ann.id,
        username,
        appCode: canary("app"),
        avatarUrl: `https://shop.example/${canary("avatar")}.png`,
        metadata: { [canary("metadata-key")]: { deep: [canary("metadata")] } },
      });

    // Her rooms: one that she made, one into which she was added under her old name, two that she is not in any more.
    await upsert(canary("old-name"));
    const made = await createTestRoom(one.a, [ann, bo, cy]);
    const added = await createTestRoom(one.a, [bo, cy]);
    const left = await createTestRoom(one.a, [bo, ann]);
    const removed = await createTestRoom(one.a, [bo, cy, ann]);
    const direct = await createTestRoom(one.a, [ann, bo], { name: null, kind: "direct" });
    await bo.client.post(`/chat/rooms/${added.id}/participants`, { userId: ann.id });
    await upsert(canary("new-name"));
    await ann.client.call("DELETE", `/chat/rooms/${made.id}/participants/${cy.id}`);
    await ann.client.post(`/chat/rooms/${made.id}/participants`, { userId: cy.id });

    // What she wrote, everywhere.
    const rooms = [made, added, left, removed, direct];
    const sent = new Map<string, Wire>();
    for (const room of rooms) {
      sent.set(room.id, (await ann.send(room.id, canary("text"))).body);
      await ann.send(room.id, "with more", {
        parts: [
          { type: "text", text: canary("part"), [canary("part-key")]: canary("part-value") },
          { type: "data-order", data: { note: canary("data") } },
        ],
      });
    }
    const first = sent.get(made.id);
    await messageCalls(ann.client).edit(first, canary("edited"));
    const reply = await bo.send(made.id, "bo's reply", { parentMessageId: first.id });
    await messageCalls(ann.client).react(reply.body, "👍");
    const pinned = await messageCalls(ann.client).pin(reply.body);

    // Files: one in a message, one in nothing, one that never arrived.
    const file = { ...sampleFiles.png, filename: `${canary("file")}.png` };
    const uploadId = await uploadFile(ann.client, file);
    await ann.client.post(`/chat/rooms/${made.id}/messages`, { parts: [filePart(uploadId, file)] });
    await uploadFile(ann.client, { ...sampleFiles.png, filename: `${canary("file")}.png` });
    await presign(ann.client, { ...sampleFiles.png, filename: `${canary("file")}.png` });

    // Devices, and answers that are kept for her calls.
    const subscription = createTestSubscription(`https://fcm.googleapis.com/${canary("endpoint")}`);
    for (const body of [
      { provider: "FCM", token: canary("token"), platform: canary("platform") },
      { provider: "WEBPUSH", token: JSON.stringify(subscription) },
    ]) {
      expect((await ann.client.post("/users/me/device-tokens", body)).status).toBe(201);
    }
    const kept = { parts: text(canary("kept")) };
    await ann.client.call("POST", `/chat/rooms/${made.id}/messages`, kept, { "idempotency-key": canary("key") });

    await ann.client.call("DELETE", `/chat/rooms/${left.id}/participants/${ann.id}`);
    await bo.client.call("DELETE", `/chat/rooms/${removed.id}/participants/${ann.id}`);
    for (const other of rooms) expect((await bo.send(other.id, "bo's own")).status).toBe(201);

    // Some were put in place of others; all that are left are in the rows that the search will look at.
    const before = JSON.stringify(await readTenantRows(one.database.adminUrl, "a"));
    expect(planted.filter((value) => before.includes(value)).length).toBeGreaterThan(20);
    const tables = ["devices", "idempotency_keys", "messages", "uploads", "users"];
    expect(await searchDatabase(one.database.adminUrl, begin)).toEqual(
      tables.map((table) => `sendsar.${table}: plain`),
    );

    const ofBo = await readWrittenBy(bo.id);
    const gone = await deleteUser(ann.id, "?deleteMessages=true");
    expect(gone).toMatchObject({ status: 200, body: { ok: true, userId: ann.id, done: true } });

    expect(await searchDatabase(one.database.adminUrl, begin)).toEqual([]);
    expect((await readdir(one.filesDir, { recursive: true })).join()).not.toContain(begin);
    expect([...one.log, ...two.log].join("")).not.toContain(begin);

    // Others' words are as they were; the threads hold; what she put on them names her by her id.
    expect(await readWrittenBy(bo.id)).toEqual(ofBo);
    const after = await messageCalls(bo.client).get(reply.body);
    expect(after.body).toMatchObject({
      parts: text("bo's reply"),
      parentMessageId: first.id,
      parentMessage: { id: first.id, senderId: ann.id, deleted: true, parts: [], previewText: null },
      reactions: [{ userId: ann.id, emoji: "👍" }],
      pinnedBy: ann.id,
      pinnedAt: pinned.body.pinnedAt,
    });
    expect(await linesOf(bo, added.id)).toEqual(["Deleted user left", "Deleted user joined"]);
    expect(await linesOf(bo, made.id)).toEqual([
      "Deleted user left",
      `Name of ${cy.id} joined`,
      `Deleted user removed Name of ${cy.id}`,
    ]);
    expect(await linesOf(bo, left.id)).toEqual(["Deleted user left"]);
    expect(await linesOf(bo, removed.id)).toEqual([`Name of ${bo.id} removed Deleted user`]);
  });

  /** Messages of a sender as they are stored; not those that the server wrote in its name. */
  const readWrittenBy = async (senderId: string): Promise<Wire[]> => {
    const rows = ((await readTenantRows(one.database.adminUrl, "a"))["messages"] ?? []).map((row) => JSON.parse(row));
    return rows.filter((row: Wire) => row.sender_id === senderId && row.parts[0]?.type === "text");
  };

  test("K08 without deleteMessages what the user wrote stays, by somebody without a name", async () => {
    const [ann, bo] = [await newUser(), await newUser()];
    const room = await createTestRoom(one.a, [ann, bo]);
    const direct = await createTestRoom(one.a, [ann, bo], { name: null, kind: "direct" });
    const name = createPlanter();
    const words = createPlanter().begin;
    await one.a.api.post("/users", { id: ann.id, username: name.begin, metadata: { x: name.plant("metadata") } });
    const file = { ...sampleFiles.png, filename: "kept.png" };
    const uploadId = await uploadFile(ann.client, file);
    const sent = [
      (await ann.send(room.id, words)).body,
      (await ann.send(direct.id, words, { parts: [filePart(uploadId, file)] })).body,
    ];
    expect((await deleteUser(ann.id)).body).toMatchObject({ done: true });
    expect(await searchDatabase(one.database.adminUrl, name.begin)).toEqual([]);
    for (const message of sent) {
      const read = await messageCalls(bo.client).get(message);
      expect(read).toMatchObject({ status: 200, body: { senderId: ann.id, parts: message.parts.map(lasting) } });
    }
    // The file belongs to its message now, and to nobody.
    expect((await bo.client.get(`/chat/uploads/${uploadId}/access`)).status).toBe(200);
  });

  /** A part without its links, which are other ones each time. */
  const lasting = ({ url: _u, accessUrl: _a, accessUrlExpiresAt: _e, ...part }: Wire): Wire => part;
});

describe("K08 what the others see", () => {
  test("K08 she leaves her groups with a line, the longest there takes over, and direct rooms stay for the other one", async () => {
    const [ann, bo, cy] = [await newUser(), await newUser(), await newUser()];
    const group = await createTestRoom(one.a, [ann, bo, cy]);
    const direct = await createTestRoom(one.a, [ann, bo], { name: null, kind: "direct" });
    await ann.send(direct.id, "hello");
    using socket = await connectTestSocket(two.url, bo.token);
    await deleteUser(ann.id);
    const change = await socket.next("room-participants-changed");
    expect(change).toMatchObject({ roomId: group.id, action: "left", actorUserId: ann.id });
    expect(await socket.next("new-message")).toMatchObject({ roomId: group.id, previewText: "Deleted user left" });
    // Both came when the room was made: then their ids decide.
    const others = [bo.id, cy.id].toSorted();
    const heir = { roomId: group.id, userId: others[0], role: "OPERATOR", actorUserId: ann.id };
    expect(await socket.next("participant-updated")).toMatchObject(heir);
    const seen = await bo.client.get(`/chat/rooms/${group.id}`);
    expect(seen.body.participants.map(({ userId }: Wire) => userId)).toEqual(others);
    const left = await bo.client.get(`/chat/rooms/${direct.id}`);
    expect(left.body.participants).toHaveLength(2);
    expect(left.body.participants).toContainEqual(
      expect.objectContaining({ userId: ann.id, username: "Deleted user", avatarUrl: null }),
    );
    expect((await messageCalls(bo.client).list(direct.id)).body.messages).toMatchObject([{ parts: text("hello") }]);
    expect((await bo.send(direct.id, "still there?")).status).toBe(201);
  });

  test("K08 deleted messages reach the others as any deletion does, in the order of the room", async () => {
    const [ann, bo] = [await newUser(), await newUser()];
    const room = await createTestRoom(one.a, [bo, ann]);
    const sent = [];
    for (let n = 1; n <= 3; n++) sent.push((await ann.send(room.id, `message ${n}`)).body.id);
    using socket = await connectTestSocket(two.url, bo.token);
    await deleteUser(ann.id, "?deleteMessages=true");
    const isLast = (): void => expect(socket.of("message-updated")).toHaveLength(3);
    await vi.waitFor(isLast, 5000);
    const updates = socket.of("message-updated");
    expect(updates.map(({ id, parts, deletedAt }) => [id, parts, deletedAt !== null])).toEqual(
      updates.map(({ id }) => [id, [], true]),
    );
    expect(new Set(updates.map(({ id }) => id))).toEqual(new Set(sent));
    const seqs = updates.map(({ changeSeq }) => changeSeq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(new Set(seqs).size).toBe(3);
  });
});

describe("B12 K08 her sessions", () => {
  test("B12 are refused here at once and there within 5 s, her sockets are cut, and she gets no tokens", async () => {
    const ann = await newUser();
    const sockets: TestSocket[] = [
      await connectTestSocket(one.url, ann.token),
      await connectTestSocket(two.url, ann.token),
    ];
    await deleteUser(ann.id);
    expectRefusal(await ann.client.get("/chat/rooms"), "unauthorized");
    const there = createUserClient(two.url, ann.token);
    await vi.waitFor(async () => expectRefusal(await there.get("/chat/rooms"), "unauthorized"), 5000);
    await vi.waitFor(() => expect(sockets.filter(({ socket }) => socket.connected)).toEqual([]), 5000);
    for (const socket of sockets) {
      expect(socket.of("error")).toEqual([{ message: "Session ended", code: "user_deleted" }]);
    }
    for (const { url } of [one, two])
      expect(await refusedSocket(url, ann.token)).toMatchObject({ code: "unauthorized" });
    expectRefusal(await one.a.api.post("/auth/token", { userId: ann.id }), "user_not_found");
  });

  test("K08 she is not there for the backend, byte for byte as somebody who never was", async () => {
    const ann = await newUser();
    await deleteUser(ann.id);
    const path = `/users/${ann.id}`;
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      for (const [method, suffix, body] of [
        ["GET", "", undefined],
        ["PATCH", "", { username: "x" }],
        ["POST", "/deactivate", undefined],
        ["POST", "/reactivate", undefined],
        ["GET", "/device-tokens", undefined],
        ["POST", "/device-tokens", { provider: "FCM", token: "x" }],
        ["DELETE", "/device-tokens/x", undefined],
      ] as const) {
        expectRefusal(await one.a.api.call(method, `${path}${suffix}`, body), "user_not_found");
      }
      expectRefusal(await one.a.api.post("/auth/revoke-sessions", { userId: ann.id }), "user_not_found");
    });
    let cursor = "";
    do {
      const { body } = await one.a.api.get(`/users?limit=100${cursor && `&cursor=${cursor}`}`);
      expect(body.users.map(({ id }: Wire) => id)).not.toContain(ann.id);
      cursor = body.nextCursor ?? "";
    } while (cursor !== "");
  });
});
