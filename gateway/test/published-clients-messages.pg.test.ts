import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { PublishedClient } from "../../scripts/testing/published-client.ts";
import type { TwoGateways } from "../../scripts/testing/published-scene.ts";
import { createPublishedScene, startTwoGateways, text } from "../../scripts/testing/published-scene.ts";

// What the published clients rely on (contract §16), as they do it, on two gateways over one database: messages.

let gateways: TwoGateways;
beforeAll(async () => {
  gateways = await startTwoGateways();
});
afterAll(() => gateways[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(gateways.one), ...loggedFailures(gateways.two)]).toEqual([]);
});

const send = (by: PublishedClient, path: string, value: string, more: Readonly<Record<string, unknown>> = {}) =>
  by.call("POST", `${path}/messages`, {
    senderId: by.userId,
    clientMessageId: randomUUID(),
    parts: text(value),
    ...more,
  });

/** Everything that is done with a message, by whom, as [name of the event that shows it, call]. */
const actions = ({ ann, bo }: Record<"ann" | "bo", PublishedClient>, path: string, id: string) => {
  const [byAnn, byBo] = [{ userId: ann.userId }, { userId: bo.userId }];
  return [
    () => ann.call("PATCH", `${path}/messages/${id}`, { ...byAnn, parts: text("edited") }),
    () => bo.call("POST", `${path}/messages/${id}/reactions`, { ...byBo, emoji: "🎉" }),
    () => bo.call("POST", `${path}/messages/${id}/pin`, byBo),
    () => bo.call("DELETE", `${path}/messages/${id}/pin?userId=${bo.userId}`),
    () => ann.call("DELETE", `${path}/messages/${id}?userId=${ann.userId}`),
  ] as const;
};

describe("W08 who does something is told of it as the others are", () => {
  test("W08 messages, replies, copies, edits, reactions, pins and deletions reach the actor's own socket", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, cy, path, room } = scene;
    const sent = await send(ann, path, "hello");
    const reply = await send(bo, path, "hello yourself", { parentMessageId: sent.id });
    const forwarded = await bo.call("POST", `${path}/messages/${sent.id}/forward`, {
      userId: bo.userId,
      targetRoomIds: [room.id],
    });
    for (const { socket } of [ann, bo, cy]) {
      for (const message of [sent, reply, forwarded.messages[0]]) {
        expect(await socket.next("new-message", ({ id }) => id === message.id)).toEqual(message);
      }
    }
    for (const [index, act] of actions(scene, path, sent.id).entries()) {
      const answer = await act();
      for (const { socket } of [ann, bo, cy]) {
        const update = await socket.next(
          "message-updated",
          ({ id, changeSeq }) => id === sent.id && socket.of("message-updated")[index]?.changeSeq === changeSeq,
        );
        const { changeSeq, ...message } = update;
        expect(changeSeq).toBeTypeOf("number");
        expect(message).toEqual(answer);
      }
    }
  });
});

describe("W09 parts are an array wherever a message is", () => {
  test("W09 in answers, events, pages, pins and parents; a deletion is a message-updated", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, cy, path } = scene;
    const sent = await send(ann, path, "hello");
    await send(bo, path, "a reply", { parentMessageId: sent.id });
    const answers: Wire[] = [];
    for (const act of actions(scene, path, sent.id)) answers.push(await act());
    await cy.socket.next("message-updated", ({ deletedAt }) => deletedAt !== null);
    const page = await cy.call("GET", `${path}/messages?limit=50`);
    const pinned = await cy.call("GET", `${path}/pinned-messages`);
    const events = cy.socket.received.filter(({ event }) => ["new-message", "message-updated"].includes(event));
    const messages = [...answers, ...page.messages, ...pinned.messages, ...events.map(({ payload }) => payload)];
    expect(messages.length).toBeGreaterThanOrEqual(14);
    for (const { parts, parentMessage } of messages) {
      expect(parts).toBeInstanceOf(Array);
      if (parentMessage) expect(parentMessage.parts).toBeInstanceOf(Array);
    }
    expect(page.messages.find(({ id }: Wire) => id === sent.id)).toMatchObject({ parts: [], previewText: null });
    expect(events.filter(({ event }) => event === "message-updated")).toHaveLength(5);
    expect(cy.socket.received.map(({ event }) => event)).not.toContain("message-deleted");
  });
});

describe("W10 pages", () => {
  test("W10 newest first, older ones behind nextCursor, and null at the end, at either gateway", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, path } = scene;
    const sent: Wire[] = [];
    for (let n = 0; n < 7; n++) sent.push(await send(n % 2 ? ann : bo, path, `message ${n}`));
    const pages: Wire[] = [];
    let query = "limit=3";
    for (const client of [ann, bo, ann]) {
      const page = await client.call("GET", `${path}/messages?${query}`);
      pages.push(page);
      query = `limit=3&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
    expect(pages.flatMap(({ messages }) => messages)).toEqual(sent.toReversed());
    expect(pages.map(({ nextCursor }) => typeof nextCursor)).toEqual(["string", "string", "object"]);
    expect(pages.at(-1)).toHaveProperty("nextCursor", null);
  });
});

describe("W24 order by time", () => {
  test("W24 createdAt strictly increases in a room while two gateways write into it at once", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, path } = scene;
    const sent = await Promise.all(Array.from({ length: 60 }, (_, n) => send(n % 2 ? ann : bo, path, `m${n}`)));
    const page = await bo.call("GET", `${path}/messages?limit=100`);
    const inOrder = sent.toSorted((a, b) => a.seq - b.seq);
    expect(page.messages).toEqual(inOrder.toReversed());
    const times = inOrder.map(({ createdAt }) => Date.parse(createdAt));
    for (let n = 1; n < times.length; n++) expect(times[n]).toBeGreaterThan(times[n - 1] as number);
  });
});

describe("W25 ticks", () => {
  test("W25 lastReadAt is the createdAt of what was read, in the answer, the event and the page of the other", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, cy, path } = scene;
    await ann.call("DELETE", `${path}/participants/${cy.userId}?actorUserId=${ann.userId}`);
    const [first, second, third] = [await send(ann, path, "1"), await send(ann, path, "2"), await send(ann, path, "3")];
    const read = await bo.call("POST", `${path}/read`, { userId: bo.userId, lastReadMessageId: second.id });
    expect(read).toMatchObject({ lastReadAt: second.createdAt, lastReadMessageId: second.id, unreadCount: 1 });
    expect(await ann.socket.next("room-read", ({ userId }) => userId === bo.userId)).toMatchObject({
      lastReadAt: second.createdAt,
      lastReadMessageId: second.id,
    });
    const { peerLastReadAt } = await ann.call("GET", `${path}/messages`);
    const ticked = [first, second, third].map(({ createdAt }) => createdAt <= peerLastReadAt);
    expect(ticked).toEqual([true, true, false]);
    // The browser client leaves the id out, the Flutter one sends null: both mean the newest.
    for (const [more, newest] of [
      [{}, third],
      [{ lastReadMessageId: null }, await send(ann, path, "4")],
    ] as const) {
      const { lastReadAt } = await bo.call("POST", `${path}/read`, { userId: bo.userId, ...more });
      expect(lastReadAt >= newest.createdAt).toBe(true);
    }
  });
});

describe("W17 W18 W30 parts of the server", () => {
  test("W17 W18 W30 data-call and data-membership are refused from clients and backends, and no call is live", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, path } = scene;
    for (const type of ["data-call", "data-membership"]) {
      const parts = [{ type, data: { callId: "c", action: "joined", actorUserId: "a", targetUserId: "b" } }];
      await expect(ann.call("POST", `${path}/messages`, { senderId: ann.userId, parts })).rejects.toThrow(
        /failed: 400: /,
      );
      const answer = await gateways.one.a.api.post(`${path}/messages`, { senderId: ann.userId, parts });
      expect(answer).toMatchObject({ status: 400, body: { code: "reserved_part_type" } });
    }
    // The clients take 404 for "none"; anything else is an error to them.
    await expect(ann.call("GET", `${path}/calls/active`)).rejects.toThrow(/failed: 404: /);
  });

  test("W30 a data-membership part has exactly the strings that the clients read", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, cy, path } = scene;
    const added = `${ann.userId}-added`;
    await ann.call("POST", `${path}/participants`, { userId: added, username: "Added", actorUserId: ann.userId });
    await ann.call("DELETE", `${path}/participants/${added}?actorUserId=${ann.userId}`);
    await cy.call("DELETE", `${path}/participants/${cy.userId}?actorUserId=${cy.userId}`);
    const expected = [
      { action: "joined", actorUserId: ann.userId, targetUserId: added },
      { action: "removed", actorUserId: ann.userId, targetUserId: added },
      { action: "left", actorUserId: cy.userId, targetUserId: cy.userId },
    ];
    const last = await bo.socket.next("new-message", ({ parts }) => parts[0].data?.action === "left");
    const seen = bo.socket.of("new-message");
    expect(seen.map(({ parts }) => parts)).toEqual(expected.map((data) => [{ type: "data-membership", data }]));
    expect((await bo.call("GET", `${path}/messages`)).messages).toEqual(seen.toReversed());
    expect(last.previewText).toBeTypeOf("string");
  });
});
