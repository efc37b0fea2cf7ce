import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import type { Wire } from "../../scripts/testing/client.ts";
import { connectTestSocket } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { messageCalls } from "../../scripts/testing/message-calls.ts";
import { readMessageRows } from "../../scripts/testing/message-rows.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestMember } from "../../scripts/testing/test-place.ts";
import { createTestPlace } from "../../scripts/testing/test-place.ts";
import { createTestRoom } from "../../scripts/testing/test-user.ts";

// Contract 4.3, M9: forwarding.

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

const roomOf = async (...users: readonly TestMember[]): Promise<string> => (await createTestRoom(gateway.a, users)).id;

const unchanged = <T>(act: () => Promise<T>): Promise<T> =>
  requireUnchanged(gateway.database.adminUrl, [gateway.a.tenantId], act);

test("M9 §16.8 one copy for each room, in the order that was asked for, announced like any message, its sender's sockets too", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  const targets = [await roomOf(ann, bo), await roomOf(ann, bo), roomId];
  using here = await ann.connect();
  using there = await connectTestSocket(peer.url, bo.token);
  const parent = await ann.says(roomId, "Packed!");
  const source = await bo.says(roomId, "Is it still hot?", { clientMessageId: "bo's", parentMessageId: parent.id });
  await ann.on.react(source, "👍");
  await ann.on.pin(source);
  const { status, body } = await ann.on.forward(source, targets, { userId: ann.id });
  expect(status).toBe(201);
  expect(body.messages.map((copy: Wire) => copy.roomId)).toEqual(targets);
  for (const copy of body.messages) {
    expect(copy).toEqual({
      ...source,
      id: copy.id,
      roomId: copy.roomId,
      seq: copy.seq,
      createdAt: copy.createdAt,
      senderId: ann.id,
      clientMessageId: null,
      parentMessageId: null,
      parentMessage: null,
      forwardedFromId: source.id,
      forwardedFromSenderId: bo.id,
    });
    for (const socket of [here, there]) {
      expect(await socket.next("new-message", ({ id }) => id === copy.id)).toEqual(copy);
    }
    expect((await bo.on.get(copy)).body).toEqual(copy);
    const { lastMessage } = (await bo.client.get(`/chat/rooms/${copy.roomId}`)).body;
    expect(lastMessage).toEqual({ previewText: "Is it still hot?", createdAt: copy.createdAt });
  }
});

test("M9 a forward of a forward names the first author and the copy that it was made from", async () => {
  const { roomId, operator, ann, bo } = await createTestPlace(gateway);
  const [second, third] = [await roomOf(ann, bo), await roomOf(bo, operator)];
  const source = await operator.says(roomId, "News");
  const [copy] = (await ann.on.forward(source, [second])).body.messages;
  const [copyOfCopy] = (await bo.on.forward(copy, [third])).body.messages;
  expect(copyOfCopy).toMatchObject({
    senderId: bo.id,
    forwardedFromId: copy.id,
    forwardedFromSenderId: operator.id,
  });
});

test("M9 a copy keeps what was said when it was made: later edits and the deletion of its source do not reach it", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  const target = await roomOf(ann, bo);
  const source = await bo.says(roomId, "as it was");
  const [copy] = (await ann.on.forward(source, [target])).body.messages;
  await bo.on.edit(source, "as it is");
  await bo.on.remove(source);
  expect((await bo.on.get(copy)).body).toEqual(copy);
});

test("M9 D12 one room that is not the caller's, or is frozen, and nothing is sent to any", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  const source = await bo.says(roomId, "not for others");
  const [own, others, frozen] = [await roomOf(ann), await roomOf(bo), await roomOf(ann, bo)];
  expect((await gateway.a.api.patch(`/chat/rooms/${frozen}`, { isFrozen: true })).status).toBe(200);
  using socket = await ann.connect();
  await unchanged(async () => {
    for (const [target, code] of [
      [others, "room_not_found"],
      [randomUUID(), "room_not_found"],
      ["no-room", "room_not_found"],
      [frozen, "room_frozen"],
    ] as const) {
      for (const targets of [[own, target], [target, own], [target]]) {
        expectRefusal(await ann.on.forward(source, targets), code);
      }
    }
  });
  const after = await ann.says(own, "first here");
  await socket.next("new-message", ({ id }) => id === after.id);
  expect(socket.of("new-message")).toEqual([after]);
  expect(after.seq).toBe(2);
});

test("D12 a message of a room that is not the caller's is not there, and its content goes nowhere", async () => {
  const { roomId, bo } = await createTestPlace(gateway);
  const stranger = (await createTestPlace(gateway)).ann;
  const own = await roomOf(stranger);
  const source = await bo.says(roomId, "not for strangers");
  expectRefusal(await unchanged(() => stranger.on.forward(source, [own])), "room_not_found");
  // Through a room of its own, by the right id.
  expectRefusal(await unchanged(() => stranger.on.forward({ ...source, roomId: own }, [own])), "message_not_found");
  expectRefusal(await unchanged(() => stranger.on.forward({ id: "x", roomId: own }, [own])), "message_not_found");
});

test("M9 what is deleted or written by the server is not forwarded", async () => {
  const { roomId, operator, ann } = await createTestPlace(gateway);
  const own = await roomOf(ann);
  const gone = await ann.says(roomId, "gone");
  await ann.on.remove(gone);
  expectRefusal(await unchanged(() => ann.on.forward(gone, [own])), "message_deleted");
  await gateway.a.api.post(`/chat/rooms/${roomId}/participants`, { userId: "somebody", actorUserId: operator.id });
  const [line] = (await ann.on.list(roomId, "limit=1")).body.messages;
  expect(line.parts[0].type).toBe("data-membership");
  expectRefusal(await unchanged(() => ann.on.forward(line, [own])), "message_not_changeable");
});

test("M9 a backend forwards for a participant of all of the rooms, to a frozen one too", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  const backend = messageCalls(gateway.a.api);
  const source = await bo.says(roomId, "News");
  const [target, others] = [await roomOf(ann, bo), await roomOf(bo)];
  await gateway.a.api.patch(`/chat/rooms/${target}`, { isFrozen: true });
  expectRefusal(await backend.forward(source, [target]), "actor_required");
  expectRefusal(await backend.forward(source, [target], { userId: "stranger" }), "not_a_participant");
  expectRefusal(
    await unchanged(() => backend.forward(source, [target, others], { userId: ann.id })),
    "not_a_participant",
  );
  expectRefusal(
    await backend.forward({ ...source, roomId: randomUUID() }, [target], { userId: ann.id }),
    "room_not_found",
  );
  expect((await backend.forward(source, [target], { userId: ann.id })).body.messages[0].senderId).toBe(ann.id);
});

test("M9 at least one room, at most 10, each once", async () => {
  const { roomId, ann } = await createTestPlace(gateway);
  const source = await ann.says(roomId, "News");
  const rooms = await Promise.all(Array.from({ length: limits.forwardRoomsMax + 1 }, () => roomOf(ann)));
  const [first = ""] = rooms;
  await unchanged(async () => {
    for (const targets of [[], rooms, [first, first], [first, first.toUpperCase()], "x", [7], null]) {
      const answer = await ann.on.forward(source, targets as string[]);
      expect([answer.status, answer.body.code]).toEqual([400, "invalid_request"]);
    }
  });
  const { status, body } = await ann.on.forward(source, rooms.slice(1).toReversed());
  expect(status).toBe(201);
  expect(body.messages).toHaveLength(limits.forwardRoomsMax);
});

test("M9 §16.24 forwards and sends that race into the same rooms take places of their own, none twice", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  const rooms = [await roomOf(ann, bo), await roomOf(ann, bo), await roomOf(ann, bo)];
  const source = await ann.says(roomId, "News");
  const work = Array.from({ length: 10 }, (_, n) => [
    ann.on.forward(source, n % 2 ? rooms : rooms.toReversed()),
    ...rooms.map((room) => bo.send(room, `message ${n}`)),
  ]).flat();
  for (const { status } of await Promise.all(work)) expect(status).toBe(201);
  for (const room of rooms) {
    const { messages } = await readMessageRows(gateway.database.adminUrl, room);
    expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => n + 2));
    const times = messages.map(({ createdAt }) => Date.parse(createdAt));
    expect(times.every((time, n) => n === 0 || time > (times[n - 1] ?? Infinity))).toBe(true);
  }
});
