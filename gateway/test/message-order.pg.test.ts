import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestSocket, Wire } from "../../scripts/testing/client.ts";
import { connectTestSocket, createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { readLogRows } from "../../scripts/testing/log-rows.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { messageCalls } from "../../scripts/testing/message-calls.ts";
import type { TestMember, TestPlace } from "../../scripts/testing/test-place.ts";
import { createTestPlace } from "../../scripts/testing/test-place.ts";

// Changes of messages stand in the room's order like everything else, live and after a drop.

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

/** Place of an event in its room, and the message as it then was. */
interface Told {
  readonly place: number;
  readonly message: Wire;
}

const toldOf = ({ received }: TestSocket, roomId: string): Told[] =>
  received.flatMap(({ event, payload }) => {
    if (payload?.roomId !== roomId) return [];
    if (event === "new-message") return [{ place: payload.seq, message: payload }];
    if (event !== "message-updated") return [];
    const { changeSeq, ...message } = payload;
    return [{ place: changeSeq, message }];
  });

/** What a client that only ever replaces messages by what it is told has in the end. */
const stateAfter = (told: readonly Told[]): Wire[] =>
  [...new Map(told.map(({ message }) => [message.id, message])).values()].toSorted((a, b) => b.seq - a.seq);

/** The calls of both gateways for each user: the same act through either door. */
const doors = (users: readonly TestMember[]) =>
  users.flatMap((user) => [user.on, messageCalls(createUserClient(peer.url, user.token))]);

/** 20 writers at once, each with a script of changes of the same few messages. */
const changeAtOnce = async ({ roomId, operator, ann, bo }: TestPlace): Promise<void> => {
  const sent: Wire[] = [];
  for (const text of ["a", "b", "c", "d"]) sent.push(await ann.says(roomId, text));
  const [a, b, c, d] = sent;
  const writers = Array.from({ length: 20 }, async (_, n) => {
    const on = doors([operator, ann, bo])[n % 6];
    if (!on) throw new Error("there are six doors");
    const answers = [
      await on.react(a, n % 2 ? "👍" : "❤️"),
      n % 6 === 2 || n % 6 === 3 ? await on.edit(b, `edit ${n}`) : await on.react(b, ":b:"),
      n % 2 ? await on.pin(c) : await on.unpin(c),
      n === 6 ? await on.remove(d) : await on.get(d),
      await on.react(c, `:${n}:`),
    ];
    for (const { status, body } of answers) expect(status, JSON.stringify(body)).toBe(200);
  });
  await Promise.all(writers);
};

describe("20 editors, reactors and pinners at once, on two gateways", () => {
  test("§16.8 every socket sees every change once, in strictly increasing places, and ends with what REST answers", async () => {
    const place = await createTestPlace(gateway);
    const { roomId, operator, ann, bo } = place;
    const sockets = await Promise.all([
      operator.connect(),
      ann.connect(),
      connectTestSocket(peer.url, ann.token),
      connectTestSocket(peer.url, bo.token),
    ]);
    try {
      await changeAtOnce(place);
      const last = await ann.says(roomId, "the last word");
      const log = await readLogRows(gateway.database.adminUrl, roomId);
      expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: last.seq }, (_, n) => n + 1));
      const messages = log.filter(({ messageId }) => messageId !== null).map(({ seq }) => seq);
      expect(messages.length).toBeGreaterThan(60);
      const { body } = await bo.on.list(roomId);
      for (const socket of sockets) {
        await socket.next("new-message", ({ id }) => id === last.id);
        const told = toldOf(socket, roomId);
        expect(told.map(({ place }) => place)).toEqual(messages);
        expect(stateAfter(told)).toEqual(body.messages);
      }
    } finally {
      for (const socket of sockets) socket[Symbol.dispose]();
    }
  }, 30_000);
});

const resume = async (url: string, token: string, roomId: string, seq: number): Promise<Wire> => {
  using socket = await connectTestSocket(url, token);
  socket.socket.emit("resume", { rooms: { [roomId]: seq } });
  const { rooms } = await socket.next("resumed", ({ more }) => !more);
  return rooms.find((room: Wire) => room.roomId === roomId);
};

describe("after a drop", () => {
  test("resume brings changes at their places, each with the message as it stands now", async () => {
    const { roomId, ann, bo, operator } = await createTestPlace(gateway);
    const old = await ann.says(roomId, "old");
    const kept = await ann.says(roomId, "kept");
    await ann.on.edit(old, "once");
    await bo.on.react(old, "👍");
    const reply = await bo.says(roomId, "reply", { parentMessageId: old.id });
    await operator.on.remove(kept);
    await bo.on.pin(old);
    const { messages, lastSeq } = (await bo.on.list(roomId)).body;
    const [replyNow, keptNow, oldNow] = messages;
    expect(replyNow.id).toBe(reply.id);
    expect(lastSeq).toBe(kept.seq + 5);
    for (const url of [gateway.url, peer.url]) {
      const room = await resume(url, bo.token, roomId, kept.seq);
      const update = (seq: number, message: Wire) => ({
        seq,
        event: "message-updated",
        payload: { ...message, changeSeq: seq },
      });
      expect(room).toEqual({
        roomId,
        reset: false,
        events: [
          update(kept.seq + 1, oldNow),
          update(kept.seq + 2, oldNow),
          { seq: reply.seq, event: "new-message", payload: replyNow },
          update(kept.seq + 4, keptNow),
          update(kept.seq + 5, oldNow),
        ],
      });
    }
  });

  test("D11 resume shows nothing of what a deleted message said", async () => {
    const { roomId, ann, bo } = await createTestPlace(gateway);
    const sent = await ann.says(roomId, "the secret word");
    await ann.on.edit(sent, "another secret");
    await ann.on.remove(sent);
    const room = await resume(gateway.url, bo.token, roomId, 1);
    expect(room.events.map(({ event }: Wire) => event)).toEqual(["new-message", "message-updated", "message-updated"]);
    expect(JSON.stringify(room)).not.toContain("secret");
  });

  test("R9 resume tells nothing of messages that the user has cleared, and the rest without a reset", async () => {
    const { roomId, ann, bo } = await createTestPlace(gateway);
    const cleared = await ann.says(roomId, "cleared");
    expect((await bo.client.post(`/chat/rooms/${roomId}/clear-history`, {})).status).toBe(200);
    await ann.on.edit(cleared, "changed");
    const fresh = await ann.says(roomId, "fresh");
    const events = [{ seq: fresh.seq, event: "new-message", payload: fresh }];
    expect(await resume(gateway.url, bo.token, roomId, 1)).toEqual({ roomId, reset: false, events });
    expect((await resume(gateway.url, ann.token, roomId, 1)).events).toHaveLength(3);
  });

  test("changes of the room and of roles stand among them, live and after a drop", async () => {
    const { roomId, ann, bo, operator } = await createTestPlace(gateway);
    using socket = await connectTestSocket(peer.url, bo.token);
    const sent = await ann.says(roomId, "1");
    const renamed = await gateway.a.api.patch(`/chat/rooms/${roomId}`, { name: "Renamed" });
    expect(renamed.status).toBe(200);
    const promoted = await operator.client.patch(`/chat/rooms/${roomId}/participants/${bo.id}`, { role: "OPERATOR" });
    expect(promoted.status).toBe(200);
    await ann.on.react(sent, "👍");
    await socket.next("message-updated");
    const { name, avatarUrl, externalId, customType, metadata, isFrozen } = renamed.body;
    const face = { name, avatarUrl, externalId, customType, metadata, isFrozen };
    const live = socket.received.filter(({ payload }) => payload?.roomId === roomId);
    const [, updated, changed, reacted] = live;
    expect(updated).toEqual({ event: "room-updated", payload: { ...face, roomId, seq: sent.seq + 1 } });
    expect(changed).toEqual({
      event: "participant-updated",
      payload: { roomId, userId: bo.id, role: "OPERATOR", actorUserId: operator.id, seq: sent.seq + 2 },
    });
    const { events } = await resume(gateway.url, bo.token, roomId, sent.seq);
    expect(events).toEqual([updated, changed, reacted].map((told, n) => ({ seq: sent.seq + 1 + n, ...told })));
  });
});
