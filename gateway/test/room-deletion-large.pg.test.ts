import { limits } from "@sendsar/protocol/limits";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { holdLock } from "../../scripts/testing/hold-lock.ts";
import { readLogRows } from "../../scripts/testing/log-rows.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { plantMessages, plantParticipants } from "../../scripts/testing/plant-crowd.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

describe("a room with as many participants as it can have", () => {
  let one: TestGateway;
  let two: TestPeer;
  beforeAll(async () => {
    one = await startTestGateway();
    two = await one.startPeer();
  });
  afterAll(() => one[Symbol.asyncDispose]());

  test("D21 is full; it is deleted within the limits of a call, and each client is sent one event, not 10,000", async () => {
    const [ann, bo] = [await createTestUser(one, one.a), await createTestUser(two, one.a)];
    const room = await createTestRoom(one.a, [ann, bo]);
    await plantParticipants(one.database.adminUrl, room.id, limits.roomParticipantsMax - 2);
    expectRefusal(
      await one.a.api.post(`/chat/rooms/${room.id}/participants`, { userId: "one-too-many", actorUserId: ann.id }),
      "room_full",
    );
    using anns = await ann.connect();
    using bos = await bo.connect();
    const startedAt = performance.now();
    const deletion = await one.a.api.call("DELETE", `/chat/rooms/${room.id}`);
    const ms = performance.now() - startedAt;
    expect(deletion.status).toBe(200);
    expect(ms).toBeLessThan(limits.requestMsMax);
    for (const [user, socket] of [
      [ann, anns],
      [bo, bos],
    ] as const) {
      await socket.next("room-participants-changed", ({ action }) => action === "removed");
      // Whatever else the gateway had to say would come before the answer to this.
      socket.socket.emit("join-room", { roomId: room.id, userId: user.id });
      await socket.next("error");
      expect(socket.of("room-participants-changed")).toMatchObject([{ targetUserId: user.id }]);
    }
    const end = (await readLogRows(one.database.adminUrl, room.id)).at(-1)?.data as { targetUserIds: string[] };
    expect(new Set(end.targetUserIds).size).toBe(limits.roomParticipantsMax);
    expect([...loggedFailures(one), ...loggedFailures(two)]).toEqual([]);
  });
});

describe("a room with more messages than one transaction removes", () => {
  const timers = createTestTimers();
  let one: TestGateway;
  beforeAll(async () => {
    one = await startTestGateway({ timers });
    await one.startPeer();
  });
  afterAll(() => one[Symbol.asyncDispose]());

  const messagesOf = async (roomId: string): Promise<number> => {
    const text = `select count(*)::int as n from sendsar.messages where room_id = '${roomId}'`;
    const [row] = await runOn<{ n: number }>(one.database.adminUrl, text);
    return row?.n ?? 0;
  };
  /** Lets the time pass after which every gateway looks for what is left. */
  const passTime = (): void => timers.advance(60_000);

  test("is gone for everybody at once, and its messages follow; rooms that are there keep theirs", async () => {
    const ann = await createTestUser(one, one.a);
    const [gone, kept] = [await createTestRoom(one.a, [ann]), await createTestRoom(one.a, [ann])];
    await plantMessages(one.database.adminUrl, gone.id, ann.id, 25_000);
    await plantMessages(one.database.adminUrl, kept.id, ann.id, 100);
    expect((await one.a.api.call("DELETE", `/chat/rooms/${gone.id}`)).status).toBe(200);
    expect(await messagesOf(gone.id)).toBe(15_000);
    expectRefusal(await one.a.api.get(`/chat/rooms/${gone.id}/messages`), "room_not_found");
    passTime();
    await expect.poll(() => messagesOf(gone.id), { timeout: 10_000 }).toBe(0);
    expect(await messagesOf(kept.id)).toBe(100);
    expect((await ann.client.get(`/chat/rooms/${kept.id}/messages?limit=100`)).body.messages).toHaveLength(100);
  });

  test("a round that fails is made up for by a later one", async () => {
    const ann = await createTestUser(one, one.a);
    const gone = await createTestRoom(one.a, [ann]);
    await plantMessages(one.database.adminUrl, gone.id, ann.id, 12_000);
    await one.a.api.call("DELETE", `/chat/rooms/${gone.id}`);
    {
      await using lock = await holdLock(
        one.database.adminUrl,
        "lock table sendsar.upload_uses in access exclusive mode",
      );
      passTime();
      await expect
        .poll(() => one.log.filter((line) => line.includes("unable to clear deleted rooms")), { timeout: 10_000 })
        .toHaveLength(1);
      await lock.release();
    }
    expect(await messagesOf(gone.id)).toBe(2000);
    passTime();
    await expect.poll(() => messagesOf(gone.id), { timeout: 10_000 }).toBe(0);
  });
});
