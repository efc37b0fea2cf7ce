import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import type { Wire } from "../../scripts/testing/client.ts";
import { connectTestSocket } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { readLogRows } from "../../scripts/testing/log-rows.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { messageCalls } from "../../scripts/testing/message-calls.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import type { TestMember } from "../../scripts/testing/test-place.ts";
import { createTestPlace } from "../../scripts/testing/test-place.ts";

// Contract 4.3, M6-M8: pins.

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

const idsOf = async (member: TestMember, roomId: string): Promise<string[]> => {
  const { status, body } = await member.on.pinned(roomId);
  expect(status).toBe(200);
  return body.messages.map(({ id }: Wire) => id);
};

test("M6 M7 §16.9 any participant pins and unpins; everybody is told, on both gateways, with the whole message", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  using here = await bo.connect();
  using there = await connectTestSocket(peer.url, ann.token);
  const sent = await ann.says(roomId, "Keep this");
  const pinned = await bo.on.pin(sent, { userId: bo.id });
  expect(pinned).toMatchObject({ status: 200 });
  expect(pinned.body).toEqual({ ...sent, pinnedAt: expect.any(String), pinnedBy: bo.id });
  const unpinned = await ann.on.unpin(sent, `userId=${ann.id}`);
  expect(unpinned.body).toEqual(sent);
  for (const socket of [here, there]) {
    await socket.next("message-updated", ({ changeSeq }) => changeSeq === sent.seq + 2);
    expect(socket.of("message-updated")).toEqual([
      { ...pinned.body, changeSeq: sent.seq + 1 },
      { ...unpinned.body, changeSeq: sent.seq + 2 },
    ]);
  }
  const log = await readLogRows(gateway.database.adminUrl, roomId);
  expect(log.slice(-2).map(({ actorId, data }) => [actorId, data])).toEqual([
    [bo.id, { change: "pinned" }],
    [ann.id, { change: "unpinned" }],
  ]);
});

test("M6 M7 what is pinned already, and what is not pinned, stays as it is: nothing is written, nobody told", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  using socket = await ann.connect();
  const sent = await ann.says(roomId, "Keep this");
  expect((await bo.on.unpin(sent)).body).toEqual(sent);
  const answers = await Promise.all([ann, bo, ann, bo, ann].map((member) => member.on.pin(sent)));
  const [first] = answers;
  for (const { status, body } of answers) expect({ status, body }).toEqual({ status: 200, body: first?.body });
  const after = await ann.says(roomId, "afterwards");
  expect(after.seq).toBe(sent.seq + 2);
  await socket.next("new-message", ({ id }) => id === after.id);
  expect(socket.of("message-updated")).toHaveLength(1);
});

test("M8 the list has the latest pin first, whatever the messages' own order, and no deleted one", async () => {
  const { roomId, operator, ann, bo } = await createTestPlace(gateway);
  const sent: Wire[] = [];
  for (const text of ["a", "b", "c", "d"]) sent.push(await ann.says(roomId, text));
  const [a, b, c, d] = sent;
  expect(await idsOf(bo, roomId)).toEqual([]);
  for (const message of [c, a, d]) await bo.on.pin(message);
  expect(await idsOf(ann, roomId)).toEqual([d.id, a.id, c.id]);
  await operator.on.remove(a);
  expect(await idsOf(ann, roomId)).toEqual([d.id, c.id]);
  expectRefusal(await ann.on.pin(a), "message_deleted");
  await bo.on.pin(b);
  await ann.on.edit(c, "c, changed");
  await bo.on.unpin(d);
  const { body } = await ann.on.pinned(roomId);
  expect(body.messages.map(({ previewText }: Wire) => previewText)).toEqual(["b", "c, changed"]);
  expect(body.messages[0]).toEqual((await ann.on.get(b)).body);
  expect((await messageCalls(gateway.a.api).pinned(roomId)).body).toEqual(body);
});

test("M6 a room takes 50 pins; 20 who pin at once do not get past it", async () => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  const backend = messageCalls(gateway.a.api);
  const sent: Wire[] = [];
  for (let n = 0; n < limits.roomPinsMax + 10; n++) {
    const body = { senderId: ann.id, parts: [{ type: "text", text: `${n}` }] };
    sent.push((await gateway.a.api.post(`/chat/rooms/${roomId}/messages`, body)).body);
  }
  const [before, atOnce] = [sent.slice(0, 40), sent.slice(40)];
  for (const message of before) expect((await backend.pin(message, { userId: bo.id })).status).toBe(200);
  const answers = await Promise.all(atOnce.map((message) => backend.pin(message, { userId: ann.id })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
  for (const answer of answers.filter(({ status }) => status !== 200)) expectRefusal(answer, "too_many_pins");
  expect(await idsOf(ann, roomId)).toHaveLength(limits.roomPinsMax);
  expect((await bo.on.pin(before[0])).status).toBe(200);
  expect((await bo.on.unpin(before[0])).status).toBe(200);
  const refused = atOnce.find((_, n) => answers[n]?.status !== 200);
  expect((await ann.on.pin(refused)).status).toBe(200);
});
