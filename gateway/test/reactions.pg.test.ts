import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import { connectTestSocket, createTestClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { readLogRows } from "../../scripts/testing/log-rows.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { messageCalls } from "../../scripts/testing/message-calls.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { createTestPlace } from "../../scripts/testing/test-place.ts";
import { runOn } from "../../scripts/testing/test-server.ts";

// Contract 4.3, M5: reactions.

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

const putReactions = (messageId: string, reactions: readonly object[]) =>
  runOn(
    gateway.database.adminUrl,
    `update sendsar.messages set reactions = '${JSON.stringify(reactions)}' where message_id = '${messageId}'`,
  );

test("M5 §16.8 the first time it is put on, the second time taken off; the room hears of both, in the order of the log", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  using socket = await ann.connect();
  const sent = await ann.says(roomId, "Is it still hot?");
  const [thumb, heart] = ["👍", "❤️"];
  const steps = [
    [ann, thumb, [[ann, thumb]]],
    [
      bo,
      thumb,
      [
        [ann, thumb],
        [bo, thumb],
      ],
    ],
    [
      ann,
      heart,
      [
        [ann, thumb],
        [bo, thumb],
        [ann, heart],
      ],
    ],
    [
      ann,
      thumb,
      [
        [bo, thumb],
        [ann, heart],
      ],
    ],
    [bo, thumb, [[ann, heart]]],
    [ann, heart, []],
  ] as const;
  for (const [index, [user, emoji, after]] of steps.entries()) {
    const { status, body } = await user.on.react(sent, emoji, { userId: user.id });
    expect(status).toBe(200);
    expect(body).toEqual({ ...sent, reactions: after.map(([by, text]) => ({ userId: by.id, emoji: text })) });
    const changeSeq = sent.seq + 1 + index;
    expect(await socket.next("message-updated", (told) => told.changeSeq === changeSeq)).toEqual({
      ...body,
      changeSeq,
    });
  }
  const log = await readLogRows(gateway.database.adminUrl, roomId);
  expect(log.slice(-6).map(({ data }) => data)).toEqual(Array(6).fill({ change: "reacted" }));
});

test("M5 a reaction is any short text, unchanged; none and longer ones are refused", async () => {
  const { roomId, ann } = await createTestPlace(gateway);
  const sent = await ann.says(roomId, "react");
  const odd = ["x".repeat(limits.emojiCharsMax), "👩‍👩‍👧‍👦", `'"\\ ; drop table`, " ", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"];
  for (const emoji of odd) expect((await ann.on.react(sent, emoji)).status, emoji).toBe(200);
  const { reactions } = (await ann.on.get(sent)).body;
  expect(reactions).toEqual(odd.map((emoji) => ({ userId: ann.id, emoji })));
  for (const emoji of ["", "x".repeat(limits.emojiCharsMax + 1), "\u0000", "\ud800", 7, null, undefined, ["👍"]]) {
    expect((await ann.client.post(`/chat/rooms/${roomId}/messages/${sent.id}/reactions`, { emoji })).status).toBe(400);
  }
});

test("M5 acts for the named user only: with a session its own, with a key a participant", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  const backend = messageCalls(gateway.a.api);
  const sent = await ann.says(roomId, "react");
  expectRefusal(await ann.on.react(sent, "👍", { userId: bo.id }), "cannot_act_as_other_user");
  expectRefusal(await backend.react(sent, "👍"), "actor_required");
  expectRefusal(await backend.react(sent, "👍", { userId: "stranger" }), "not_a_participant");
  expect((await backend.react(sent, "👍", { userId: bo.id })).body.reactions).toEqual([{ userId: bo.id, emoji: "👍" }]);
  await ann.on.remove(sent);
  expectRefusal(await bo.on.react(sent, "👍"), "message_deleted");
});

test("H17 a message takes 20 different emoji; more of those are welcome, and one that is taken off makes room", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  const sent = await ann.says(roomId, "react");
  for (let n = 0; n < limits.messageEmojiMax; n++) expect((await ann.on.react(sent, `:${n}:`)).status).toBe(200);
  expectRefusal(await ann.on.react(sent, ":more:"), "too_many_reactions");
  expectRefusal(await bo.on.react(sent, ":more:"), "too_many_reactions");
  expect((await bo.on.react(sent, ":7:")).status).toBe(200);
  expect((await ann.on.react(sent, ":7:")).status).toBe(200);
  expectRefusal(await bo.on.react(sent, ":more:"), "too_many_reactions");
  expect((await bo.on.react(sent, ":7:")).status).toBe(200);
  const { reactions } = (await bo.on.react(sent, ":more:")).body;
  expect(reactions).toHaveLength(limits.messageEmojiMax);
  expect(reactions.at(-1)).toEqual({ userId: bo.id, emoji: ":more:" });
});

test("H17 a message takes 1,000 reactions; then one is only taken off, and nothing is written or told", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  const sent = await ann.says(roomId, "react");
  const many = Array.from({ length: limits.messageReactionsMax - 1 }, (_, n) => ({ userId: `user ${n}`, emoji: "👍" }));
  await putReactions(sent.id, [...many, { userId: ann.id, emoji: "👍" }]);
  expectRefusal(await bo.on.react(sent, "👍"), "too_many_reactions");
  expect((await readLogRows(gateway.database.adminUrl, roomId)).at(-1)).toMatchObject({ seq: sent.seq });
  // Far too large for a doorbell: the other gateway reads it from the log.
  using socket = await bo.connect();
  using away = await connectTestSocket(peer.url, bo.token);
  const { body } = await ann.on.react(sent, "👍");
  expect(body.reactions).toEqual(many);
  for (const each of [socket, away])
    expect(await each.next("message-updated")).toEqual({ ...body, changeSeq: sent.seq + 1 });
  expect((await bo.on.react(sent, "👍")).status).toBe(200);
});

test("M5 20 users who toggle at once on two gateways: none is lost, none doubled, one place each", async () => {
  const { roomId, ann } = await createTestPlace(gateway);
  const sent = await ann.says(roomId, "react");
  const userIds = Array.from({ length: 20 }, (_, n) => `reactor_${sent.id}_${n}`);
  const added = userIds.map((userId) =>
    gateway.a.api.post(`/chat/rooms/${roomId}/participants`, { userId, actorUserId: ann.id }),
  );
  for (const { status } of await Promise.all(added)) expect(status).toBe(200);
  const { seq: before } = (await readLogRows(gateway.database.adminUrl, roomId)).at(-1) ?? { seq: 0 };
  const here = messageCalls(gateway.a.api);
  const there = messageCalls(createTestClient(peer.url, { "x-api-key": gateway.a.apiKey }));
  // Three times each: on, off, on.
  const calls = [1, 2, 3].flatMap(() =>
    userIds.map((userId, n) => (n % 2 ? here : there).react(sent, "👍", { userId })),
  );
  for (const { status } of await Promise.all(calls)) expect(status).toBe(200);
  const { reactions } = (await ann.on.get(sent)).body;
  expect(reactions.map((one: { userId: string }) => one.userId).toSorted()).toEqual(userIds.toSorted());
  const log = (await readLogRows(gateway.database.adminUrl, roomId)).filter(({ seq }) => seq > before);
  expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, n) => before + 1 + n));
});
