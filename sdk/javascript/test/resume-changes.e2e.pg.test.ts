import { afterAll, beforeAll, expect, test } from "vitest";
import { createUserClient } from "../../../scripts/testing/client.ts";
import { type TestGateway, type TestPeer, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { messageCalls } from "../../../scripts/testing/message-calls.ts";
import { createTestPlace } from "../../../scripts/testing/test-place.ts";
import type { Message } from "../src/wire.ts";
import { startLossyLine } from "./lossy-line.ts";
import { createTestApp, eventually, range } from "./test-app.ts";

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

/** Bo is an app behind a line that leads to the first gateway; it notes the places of what it is told of one room. */
async function startBo() {
  const place = await createTestPlace(one);
  const { roomId, bo } = place;
  const line = await startLossyLine(one.url);
  const app = createTestApp({ apiUrl: line.apiUrl, storage: null });
  const places: number[] = [];
  /** What an app has that replaces each message by what it is told of it. */
  const messages = new Map<string, Message>();
  app.chat.on("new-message", (message) => {
    places.push(message.seq);
    messages.set(message.id, message);
  });
  app.chat.on("message-updated", ({ changeSeq = -1, ...message }) => {
    places.push(changeSeq);
    messages.set(message.id, message);
  });
  app.chat.on("room-updated", ({ seq }) => places.push(seq));
  app.chat.on("participant-updated", ({ seq }) => places.push(seq));
  await app.chat.connect({ userId: bo.id, token: bo.token });
  await app.chat.getMessages(roomId);
  const stack = new AsyncDisposableStack();
  stack.use(line);
  stack.use(app);
  return { ...place, line, app, places, messages, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const expectOk = async (...calls: readonly Promise<{ readonly status: number }>[]): Promise<void> => {
  for (const { status } of await Promise.all(calls)) expect(status).toBeLessThan(300);
};

test("[RS16] [RS5] a line that is cut again and again while messages change on two gateways: each place once and in order", async () => {
  await using given = await startBo();
  const { roomId, ann, operator, line, app, places, messages } = given;
  const there = messageCalls(createUserClient(two.url, ann.token));
  const sent = [await ann.says(roomId, "a"), await ann.says(roomId, "b")];
  const [a, b] = sent;
  let isOver = false;
  const changing = (async () => {
    for (let round = 0; !isOver; round += 1) {
      await expectOk(
        ann.on.react(a, "👍"),
        there.edit(b, `round ${round}`),
        there.react(b, "❤️"),
        round % 2 ? ann.on.pin(a) : there.unpin(a),
        one.a.api.patch(`/chat/rooms/${roomId}`, { name: `Round ${round}` }),
        operator.client.patch(`/chat/rooms/${roomId}/participants/${ann.id}`, {
          role: round % 2 ? "MEMBER" : "OPERATOR",
        }),
        ann.send(roomId, `message ${round}`),
      );
    }
  })();
  try {
    for (let round = 0; round < 6; round += 1) {
      const [{ ups }, { length }] = [app, places];
      await eventually(() => expect(places.length).toBeGreaterThan(length));
      line.leadTo(round % 2 ? one.url : two.url);
      line.cut();
      await eventually(() => expect(app.ups).toBeGreaterThan(ups));
    }
  } finally {
    isOver = true;
    await changing;
  }
  const last = await ann.says(roomId, "the last word");
  await eventually(() => expect(places.at(-1)).toBe(last.seq));
  // The room's first event is its making, which Bo has read.
  expect(places).toEqual(range(2, last.seq));
  expect(app.told.map(({ what }) => what)).not.toContain("reset");
  for (const { id } of [...sent, last]) {
    expect(messages.get(id)).toEqual((await ann.on.get({ roomId, id })).body);
  }
}, 60_000);

test("[RS6] many changes before the room was read are not taken for something missed", async () => {
  await using given = await startBo();
  const { roomId, ann, line, app, places } = given;
  await app.chat.disconnect();
  const sent = await ann.says(roomId, "much loved");
  for (const emoji of range(1, 110)) {
    for (const _onAndOff of [1, 2]) await expectOk(ann.on.react(sent, `:${emoji}:`));
  }
  await app.chat.connect({ userId: given.bo.id, token: given.bo.token });
  const { lastSeq } = await app.chat.getMessages(roomId);
  expect(lastSeq).toBe(sent.seq + 220);
  const { ups } = app;
  line.cut();
  await eventually(() => expect(app.ups).toBeGreaterThan(ups));
  await expectOk(ann.on.pin(sent));
  await eventually(() => expect(places).toEqual([sent.seq + 221]));
  expect(app.told.map(({ what }) => what)).not.toContain("reset");
}, 60_000);
