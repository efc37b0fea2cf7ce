import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { readUnread } from "../../scripts/testing/read-unread.ts";
import type { ModelRoom } from "../../scripts/testing/unread-model.ts";
import {
  addMessage,
  clearHistory,
  createModelRoom,
  deliverUpTo,
  expectedDelivered,
  expectedView,
  readUpTo,
  sitDown,
} from "../../scripts/testing/unread-model.ts";
import type { UnreadScene, UnreadStep, Who } from "../../scripts/testing/unread-scene.ts";
import { createUnreadScene } from "../../scripts/testing/unread-scene.ts";

// Contract §6: whatever three devices of a user and two other users do, in any order and at the same time, every endpoint
// of both gateways says the same of what is unread, and it is what a recount of the messages says.

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());
afterEach(async () => {
  for (const gateway of [one, two]) expect(loggedFailures(gateway)).toEqual([]);
});

const who = fc.constantFrom(0 as const, 1 as const, 2 as const);
const room = fc.constantFrom(0 as const, 1 as const);
const device = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const);
const pick = fc.option(fc.nat({ max: 30 }), { nil: undefined, freq: 4 });
const doing = <const D extends UnreadStep["do"]>(...those: readonly D[]) => fc.constantFrom(...those);

const step: fc.Arbitrary<UnreadStep> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: doing("send"), who, room, device }) },
  { weight: 6, arbitrary: fc.record({ do: doing("read", "deliver", "delete"), who, room, device, pick }) },
  { weight: 1, arbitrary: fc.record({ do: doing("clear", "hide"), who, room, device }) },
  { weight: 2, arbitrary: fc.record({ do: doing("leave", "join"), who, device }) },
);

/** What must hold at the end, whatever was done. */
const requireAgreement = async ({ users, roomIds }: UnreadScene) => {
  const { differences } = await one.provisioner.verifyUnread("a");
  expect(differences.filter(({ roomId }) => roomIds.includes(roomId))).toEqual([]);
  return await Promise.all(users.map((user) => readUnread([one.url, two.url], one.a, user, roomIds)));
};

/** A scene and what the rules make of it, step by step. */
const runInTurn = async (steps: readonly UnreadStep[]): Promise<void> => {
  const scene = await createUnreadScene(one, two);
  const ids = scene.users.map(({ id }) => id);
  const rooms = [createModelRoom(ids), createModelRoom(ids.slice(0, 2))] as const;
  for (const each of steps) await play(scene, rooms["room" in each ? each.room : 0], each);
  const views = await requireAgreement(scene);
  for (const [n, userId] of ids.entries()) {
    for (const [index, model] of rooms.entries()) {
      expect(views[n]?.[scene.roomIds[index] ?? ""]).toEqual(expectedView(model, userId));
    }
  }
};

const play = async (scene: UnreadScene, model: ModelRoom, each: UnreadStep): Promise<void> => {
  const userId = scene.users[each.who].id;
  const seat = model.seats.get(userId);
  const isUser = each.device !== 3;
  const place = "pick" in each && each.pick !== undefined ? each.pick % Math.max(model.lines.length, 1) : undefined;
  const line = place === undefined ? undefined : model.lines[place];
  if (each.do === "delete" && line === undefined) return;
  const answer = await scene.act(each, line?.id);
  const expectCode = (code: string): void => expect(answer.body).toMatchObject({ code });

  if (each.do === "join") {
    expect(answer.status).toBe(200);
    if (seat) return;
    sitDown(model, userId);
    return await addLine(scene, model, userId);
  }
  if (!seat) {
    if (each.do === "leave" && !isUser) return expectCode("participant_not_found");
    return expectCode(isUser ? "room_not_found" : "not_a_participant");
  }
  // A backend finds, to delete it, what the user has cleared; a receipt is always through the user's eyes.
  const isHidden = place !== undefined && place < seat.cleared && (each.do !== "delete" || isUser);
  if (line && isHidden) return expectCode("message_not_found");
  if (each.do === "delete" && line) {
    if (isUser && line.senderId !== userId && !(await isOperator(scene, userId, each))) {
      return expectCode("author_required");
    }
    if (line.isMembership) return expectCode("message_not_changeable");
    line.deleted = true;
  }
  expect(answer.status).toBe(each.do === "send" ? 201 : 200);
  const upTo = place === undefined || line === undefined ? model.lines.length : place + 1;
  if (each.do === "send") addMessage(model, userId, answer.body.id);
  if (each.do === "read") {
    readUpTo(model, userId, upTo);
    const { unreadCount, lastReadMessageId } = expectedView(model, userId) ?? {};
    expect(answer.body).toMatchObject({ unreadCount, lastReadMessageId });
  }
  if (each.do === "deliver") {
    deliverUpTo(model, userId, upTo);
    expect(answer.body).toMatchObject({ lastDeliveredMessageId: expectedDelivered(model, userId) });
  }
  if (each.do === "clear") clearHistory(model, userId, false);
  if (each.do === "hide" && each.room === 1) clearHistory(model, userId, true);
  if (each.do === "leave" || (each.do === "hide" && each.room === 0)) {
    model.seats.delete(userId);
    await addLine(scene, model, userId);
  }
};

const isOperator = async (scene: UnreadScene, userId: string, each: UnreadStep): Promise<boolean> => {
  const roomId = scene.roomIds["room" in each ? each.room : 0];
  const { participants } = (await one.a.api.get(`/chat/rooms/${roomId}`)).body;
  return participants.find((participant: { userId: string }) => participant.userId === userId).role === "OPERATOR";
};

/** The group was told of a change of membership: its newest line says so. */
const addLine = async (scene: UnreadScene, model: ModelRoom, senderId: string): Promise<void> => {
  const { messages } = (await one.a.api.get(`/chat/rooms/${scene.roomIds[0]}/messages?limit=1`)).body;
  model.lines.push({ id: messages[0].id, senderId, isMembership: true, deleted: false });
};

test("6 one after the other, in any order: what is unread is what the rules say", { timeout: 180_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30, size: "max" }), runInTurn), { numRuns: 40 });
});

interface SentMessage {
  readonly id: string;
  readonly who: Who;
}

/** Does the steps of each group at the same time; the order in which they take effect is nobody's choice. */
const runTogether = async (groups: readonly (readonly UnreadStep[])[]): Promise<void> => {
  const scene = await createUnreadScene(one, two);
  const sent: [SentMessage[], SentMessage[]] = [[], []];
  for (const group of groups) {
    const known = sent.map((messages) => [...messages]);
    await Promise.all(
      group.map(async (each) => {
        const index = "room" in each ? each.room : 0;
        const messages = known[index] ?? [];
        const message = "pick" in each && each.pick !== undefined ? messages[each.pick % messages.length] : undefined;
        if (each.do === "delete" && !message) return;
        // Only who wrote a message may delete it.
        const who = each.do === "delete" && message ? message.who : each.who;
        const { status, body } = await scene.act({ ...each, who }, message?.id);
        expect({ status, body }).toMatchObject({ status: expect.toSatisfy((code: number) => code < 500) });
        if (each.do === "send" && status === 201) sent[index].push({ id: body.id, who });
      }),
    );
  }
  await requireAgreement(scene);
  for (const roomId of scene.roomIds) {
    const { participants } = (await one.a.api.get(`/chat/rooms/${roomId}`)).body;
    for (const { lastReadAt, lastDeliveredAt } of participants) {
      expect(lastReadAt === null || lastDeliveredAt >= lastReadAt).toBe(true);
    }
  }
};

test("6 at the same time: all endpoints agree, with each other and with a recount", { timeout: 180_000 }, async () => {
  const groups = fc.array(fc.array(step, { minLength: 1, maxLength: 12, size: "max" }), { maxLength: 6, size: "max" });
  await fc.assert(fc.asyncProperty(groups, runTogether), { numRuns: 30 });
  expect(await one.provisioner.verifyUnread("a")).toMatchObject({ wrong: 0 });
});
