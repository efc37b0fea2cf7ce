import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestClient, Wire } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract R2: what pages of rooms promise while rooms move, come and go.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const createRooms = async (user: TestUser, count: number, more: object = {}): Promise<string[]> => {
  const ids: string[] = [];
  for (let n = 0; n < count; n++)
    ids.push((await createTestRoom(gateway.a, [user], { name: `Room ${n}`, ...more })).id);
  return ids;
};

/** Reads all pages of a list; `between` runs after each. */
const readPages = async (
  client: TestClient,
  query: string,
  between: (page: number) => Promise<unknown> = async () => undefined,
): Promise<string[][]> => {
  const pages: string[][] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await client.get(`/chat/rooms?${query}${after}`);
    expect(status).toBe(200);
    pages.push(body.rooms.map(({ id }: Wire) => id));
    cursor = body.nextCursor;
    await between(pages.length);
  } while (cursor !== null);
  return pages;
};

describe("R2 pages while rooms move", () => {
  test("R2 a room that moves up before its page is on the first page then; all others come exactly once", async () => {
    const user = await createTestUser(gateway, gateway.a);
    const ids = await createRooms(user, 12);
    const [moved, deleted, left] = [ids[2] as string, ids[4] as string, ids[6] as string];
    for (const client of [user.client, gateway.a.api]) {
      const listed = await readPages(client, `limit=3&participantId=${user.id}`, async (page) => {
        if (page === 1) await user.send(moved, "up");
      });
      expect(
        listed
          .flat()
          .filter((id) => id !== moved)
          .toSorted(),
      ).toEqual(ids.filter((id) => id !== moved).toSorted());
      expect(new Set(listed.flat()).size).toBe(listed.flat().length);
      const [first] = await readPages(client, `limit=3&participantId=${user.id}`);
      expect(first?.[0]).toBe(moved);
    }
    const listed = await readPages(user.client, "limit=3", async (page) => {
      if (page !== 1) return;
      await gateway.a.api.call("DELETE", `/chat/rooms/${deleted}`);
      await user.client.call("DELETE", `/chat/rooms/${left}/for-me`);
    });
    const gone = [deleted, left];
    expect(listed.flat().toSorted()).toEqual(ids.filter((id) => !gone.includes(id)).toSorted());
  });

  test("R2 under constant writing no page breaks, no room that rests is lost or comes twice, whatever the size of a page", async () => {
    const user = await createTestUser(gateway, gateway.a);
    const [resting, busy] = [await createRooms(user, 10), await createRooms(user, 5)];
    let writing = true;
    const writers = busy.map(async (roomId) => {
      while (writing) await user.send(roomId, "again");
    });
    for (const limit of [1, 2, 3, 7, 100]) {
      const listed = (await readPages(user.client, `limit=${limit}`)).flat().filter((id) => resting.includes(id));
      expect(listed).toEqual(resting.toReversed());
    }
    writing = false;
    await Promise.all(writers);
    const all = (await readPages(user.client, "limit=4")).flat();
    expect(all.toSorted()).toEqual([...resting, ...busy].toSorted());
  });

  test("R2 filters and pages together; the cursor of one tenant is none in another", async () => {
    const user = await createTestUser(gateway, gateway.a);
    const [orders, others] = [
      await createRooms(user, 5, { customType: "order" }),
      await createRooms(user, 5, { customType: "support" }),
    ];
    await createRooms(user, 2);
    const query = `limit=2&customTypesFilter=order,none`;
    expect(await readPages(user.client, query)).toEqual([
      orders.toReversed().slice(0, 2),
      orders.toReversed().slice(2, 4),
      orders.toReversed().slice(4),
    ]);
    expect((await readPages(user.client, "limit=3&customTypesFilter=order,support")).flat()).toEqual(
      [...orders, ...others].toReversed(),
    );
    const externalId = `one:${randomUUID()}`;
    const one = await createTestRoom(gateway.a, [user], { externalId, customType: "order" });
    const by = (more: string) => readPages(user.client, `externalId=${encodeURIComponent(externalId)}${more}`);
    expect([await by(""), await by("&customTypesFilter=order"), await by("&customTypesFilter=support")]).toEqual([
      [[one.id]],
      [[one.id]],
      [[]],
    ]);
    const { nextCursor } = (await user.client.get("/chat/rooms?limit=1")).body;
    const foreign = await gateway.b.api.get(`/chat/rooms?limit=1&cursor=${encodeURIComponent(nextCursor)}`);
    expect([foreign.status, foreign.body.code]).toEqual([400, "invalid_cursor"]);
  });

  test("CB 16.23 a page of 100 has what a list shows of each room", async () => {
    const [user, peer] = [await createTestUser(gateway, gateway.a), await createTestUser(gateway, gateway.a)];
    for (let n = 0; n < limits.pageMax; n++) {
      const room = await createTestRoom(gateway.a, [user, peer]);
      await peer.send(room.id, `text ${n}`);
    }
    const { rooms, nextCursor } = (await user.client.get("/chat/rooms?limit=100")).body;
    expect(nextCursor).toBeNull();
    expect(rooms.map(({ lastMessage }: Wire) => lastMessage.previewText)).toEqual(
      Array.from({ length: limits.pageMax }, (_, n) => `text ${limits.pageMax - 1 - n}`),
    );
    expect(new Set(rooms.map(({ unreadCount }: Wire) => unreadCount))).toEqual(new Set([1]));
  });
});
