import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestAnswer, Wire } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { MessageName } from "../../scripts/testing/message-calls.ts";
import { messageCalls } from "../../scripts/testing/message-calls.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestMember } from "../../scripts/testing/test-place.ts";
import { createTestPlace } from "../../scripts/testing/test-place.ts";

// Who finds a message, and who may touch it.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

/** Everything that names a message, each by itself. */
const touches = (
  { on }: TestMember,
  message: MessageName,
  ownRoomId: string,
): readonly (() => Promise<TestAnswer>)[] => [
  () => on.get(message),
  () => on.edit(message, "changed"),
  () => on.remove(message),
  () => on.react(message, "👍"),
  () => on.pin(message),
  () => on.unpin(message),
  () => on.forward(message, [ownRoomId]),
  () => on.list(message.roomId, `before=${message.id}`),
  () => on.list(message.roomId, `after=${message.id}`),
  () => on.list(message.roomId, `around=${message.id}`),
];

const leave = async (roomId: string, { id }: TestMember): Promise<void> => {
  const path = `/chat/rooms/${roomId}/participants/${id}?actorUserId=${id}`;
  expect((await gateway.a.api.call("DELETE", path)).status).toBe(200);
};

const clear = async (roomId: string, { id, client }: TestMember): Promise<void> => {
  expect((await client.post(`/chat/rooms/${roomId}/clear-history`, { userId: id })).status).toBe(200);
};

const unchanged = (act: () => Promise<void>): Promise<void> =>
  requireUnchanged(gateway.database.adminUrl, ["a", "b"], act);

describe("rooms of others", () => {
  test("D07 D14 who is not in the room, or has left it, gets of its messages what it gets of a room that never was", async () => {
    const { roomId, ann, bo } = await createTestPlace(gateway);
    const own = await createTestPlace(gateway);
    const sent = await ann.says(roomId, "mine, from before");
    await leave(roomId, ann);
    const nowhere = { roomId: randomUUID(), id: randomUUID() };
    await unchanged(async () => {
      for (const user of [ann, own.ann]) {
        const unknown = touches(user, nowhere, own.roomId);
        for (const [n, touch] of touches(user, sent, own.roomId).entries()) {
          const answer = await touch();
          expectRefusal(answer, "room_not_found");
          const other = await unknown[n]?.();
          expect(withoutRequestId(answer)).toEqual(other && withoutRequestId(other));
        }
        expectRefusal(await user.on.pinned(roomId), "room_not_found");
      }
    });
    expect((await bo.on.get(sent)).body).toEqual(sent);
  });

  test("D14 a message is not found through another room, whoever's it is", async () => {
    const { roomId, ann } = await createTestPlace(gateway);
    const other = await createTestPlace(gateway);
    const foreign = await other.ann.says(other.roomId, "elsewhere");
    await unchanged(async () => {
      for (const id of [foreign.id, randomUUID(), "no-uuid", "%00", "x".repeat(4000)]) {
        for (const touch of touches(ann, { roomId, id }, roomId)) {
          const answer = await touch();
          // A text that is too long for a query, or no text, is no message's id.
          if (answer.status === 400) expect(answer.body.code).toMatch(/^invalid_/);
          else expectRefusal(answer, "message_not_found");
        }
      }
    });
  });

  test("D05 an old cursor opens nothing once its owner has left", async () => {
    const { roomId, ann, bo } = await createTestPlace(gateway);
    for (const text of ["1", "2", "3"]) await bo.says(roomId, text);
    const { nextCursor } = (await ann.on.list(roomId, "limit=1")).body;
    const cursor = `limit=1&cursor=${nextCursor}`;
    expect((await ann.on.list(roomId, cursor)).body.messages).toHaveLength(1);
    await leave(roomId, ann);
    expectRefusal(await ann.on.list(roomId, cursor), "room_not_found");
  });

  test("D10 a change is told to those who are in the room then, and to nobody who has left", async () => {
    const { roomId, ann, bo, operator } = await createTestPlace(gateway);
    using gone = await bo.connect();
    using here = await operator.connect();
    const sent = await ann.says(roomId, "before");
    await gone.next("new-message", ({ id }) => id === sent.id);
    await leave(roomId, bo);
    await gone.next("room-participants-changed", ({ action }) => action === "left");
    expect((await ann.on.edit(sent, "for those who stayed")).status).toBe(200);
    await here.next("message-updated");
    // Told on the same line, so whatever else was sent came before it.
    const elsewhere = await createTestPlace(gateway);
    await gateway.a.api.post(`/chat/rooms/${elsewhere.roomId}/participants`, {
      userId: bo.id,
      actorUserId: elsewhere.operator.id,
    });
    await gone.next("room-participants-changed", ({ roomId: id }) => id === elsewhere.roomId);
    expect(gone.of("message-updated")).toEqual([]);
  });

  test("D02 nothing of one tenant is touched with the key of another", async () => {
    const { roomId, ann } = await createTestPlace(gateway);
    const sent = await ann.says(roomId, "a's");
    const foreign = messageCalls(gateway.b.api);
    await unchanged(async () => {
      for (const answer of [
        await foreign.get(sent),
        await foreign.edit(sent, "b's", { userId: ann.id }),
        await foreign.remove(sent, `userId=${ann.id}`),
        await foreign.react(sent, "👍", { userId: ann.id }),
        await foreign.pin(sent, { userId: ann.id }),
        await foreign.unpin(sent, `userId=${ann.id}`),
        await foreign.forward(sent, [roomId], { userId: ann.id }),
        await foreign.pinned(roomId),
        await foreign.list(roomId, `around=${sent.id}`),
      ]) {
        expectRefusal(answer, "room_not_found");
      }
    });
  });
});

describe("a cleared history", () => {
  test("R9 what a user has cleared is not there for it, whatever way it asks; for the others it is", async () => {
    const { roomId, ann, bo } = await createTestPlace(gateway);
    const [old, pinned] = [await bo.says(roomId, "old"), await ann.says(roomId, "pinned")];
    await bo.on.pin(pinned);
    await clear(roomId, ann);
    await unchanged(async () => {
      for (const message of [old, pinned]) {
        for (const touch of touches(ann, message, roomId)) expectRefusal(await touch(), "message_not_found");
      }
    });
    expect((await ann.on.list(roomId)).body).toMatchObject({ messages: [], nextCursor: null, previousCursor: null });
    expect((await ann.on.pinned(roomId)).body).toEqual({ messages: [] });
    const idsOf = ({ body }: TestAnswer): string[] => body.messages.map(({ id }: Wire) => id);
    expect(idsOf(await bo.on.list(roomId))).toEqual([pinned.id, old.id]);
    expect(idsOf(await bo.on.pinned(roomId))).toEqual([pinned.id]);
    const fresh = [await bo.says(roomId, "fresh"), await ann.says(roomId, "fresher")];
    await bo.on.pin(fresh[0]);
    const newest = await ann.on.list(roomId, "limit=1");
    expect(idsOf(newest)).toEqual([fresh[1].id]);
    const older = await ann.on.list(roomId, `limit=5&cursor=${newest.body.nextCursor}`);
    expect([idsOf(older), older.body.nextCursor]).toEqual([[fresh[0].id], null]);
    const around = await ann.on.list(roomId, `limit=9&around=${fresh[0].id}`);
    expect([idsOf(around), around.body.nextCursor]).toEqual([[fresh[1].id, fresh[0].id], null]);
    expect(idsOf(await ann.on.pinned(roomId))).toEqual([fresh[0].id]);
    expect((await ann.on.react(fresh[0], "👍")).status).toBe(200);
  });

  test("R9 a backend sees through the eyes of the viewer that it names, and everything when it names none", async () => {
    const { roomId, ann, bo } = await createTestPlace(gateway);
    const backend = messageCalls(gateway.a.api);
    const sent = await bo.says(roomId, "old");
    await clear(roomId, bo);
    expectRefusal(await backend.get(sent, `viewerId=${bo.id}`), "message_not_found");
    expect((await backend.get(sent, `viewerId=${ann.id}`)).body).toEqual(sent);
    expect((await backend.get(sent)).body).toEqual(sent);
    expectRefusal(await backend.get(sent, "viewerId=stranger"), "room_not_found");
    expectRefusal(await ann.on.get(sent, `viewerId=${bo.id}`), "cannot_act_as_other_user");
    expect((await backend.list(roomId, `viewerId=${bo.id}`)).body.messages).toEqual([]);
    // It may still take back what was said in the user's name.
    expect((await backend.remove(sent, `userId=${bo.id}`)).body.deletedAt).not.toBeNull();
  });
});
