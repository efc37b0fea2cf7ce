import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import type { TestClient, Wire } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §3.2: rooms, as the kits and the sample backends use them.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const createUser = (): Promise<TestUser> => createTestUser(gateway, gateway.a);
const createRooms = async (count: number, user: TestUser): Promise<string[]> => {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push((await createTestRoom(gateway.a, [user], { name: `Room ${n}` })).id);
  return ids;
};

/** Follows `nextCursor` to the end; `between` runs after each page. */
const listAll = async (
  client: TestClient,
  query: string,
  between: (page: number) => Promise<unknown> = async () => undefined,
): Promise<Wire[][]> => {
  const pages: Wire[][] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await client.get(`/chat/rooms?${query}${after}`);
    expect(status).toBe(200);
    pages.push(body.rooms);
    cursor = body.nextCursor;
    await between(pages.length);
  } while (cursor !== null);
  return pages;
};

describe("CB 3.2 creating", () => {
  test("CB 3.2 participants that do not exist yet are made, and a token can be minted for them at once", async () => {
    const [known, unknown] = [await createUser(), `new_${randomUUID()}`];
    const created = await gateway.a.api.post("/chat/rooms", {
      name: "Order",
      participants: [
        { id: known.id, username: "not taken over" },
        { id: unknown, username: "Noodle Bar" },
      ],
    });
    expect(created).toMatchObject({
      status: 201,
      body: { kind: "group", isGroup: true, lastMessage: null, isFrozen: false },
    });
    expect(created.body.participants).toHaveLength(2);
    expect(created.body.participants).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ userId: known.id, username: `Name of ${known.id}`, role: "OPERATOR" }),
        expect.objectContaining({ userId: unknown, username: "Noodle Bar", role: "MEMBER" }),
      ]),
    );
    expect((await gateway.a.api.post("/auth/token", { userId: unknown })).status).toBe(200);
  });

  test("CB 3.2 what makes a room direct, and who is operator in it", async () => {
    const [a, b] = [await createUser(), await createUser()];
    const two = [{ id: a.id }, { id: b.id }];
    const cases: readonly (readonly [object, string, readonly string[]])[] = [
      [{ participants: two }, "direct", ["MEMBER", "MEMBER"]],
      [{ participants: two, name: "Named" }, "group", ["OPERATOR", "MEMBER"]],
      [{ participants: two, name: "Named", externalId: `dm:${a.id}:${b.id}` }, "direct", ["MEMBER", "MEMBER"]],
      [{ participants: two, kind: "group" }, "group", ["OPERATOR", "MEMBER"]],
      [
        {
          participants: [
            { id: a.id, role: "MEMBER" },
            { id: b.id, role: "OPERATOR" },
          ],
          name: "N",
        },
        "group",
        ["MEMBER", "OPERATOR"],
      ],
    ];
    for (const [body, kind, roles] of cases) {
      const { body: room } = await gateway.a.api.post("/chat/rooms", body);
      expect({ kind: room.kind, isGroup: room.isGroup }).toEqual({ kind, isGroup: kind === "group" });
      const roleOf = (user: TestUser) => room.participants.find((one: Wire) => one.userId === user.id).role;
      expect([roleOf(a), roleOf(b)]).toEqual(roles);
    }
  });

  test("CB 3.2 20 backends that create the same externalId at once get one room, and one of them made it", async () => {
    const [a, b] = [await createUser(), await createUser()];
    using socket = await a.connect();
    const externalId = `dm:${a.id}:${b.id}`;
    const body = { externalId, participants: [{ id: a.id }, { id: b.id }] };
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.a.api.post("/chat/rooms", body)));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([...Array(19).fill(200), 201]);
    const [rows] = await runOn<{ rooms: number; participants: number; events: number }>(
      gateway.database.adminUrl,
      `select count(distinct r.room_id)::int as rooms, count(p)::int as participants,
         (select count(*)::int from sendsar.events e where e.room_id = any(array_agg(r.room_id))) as events
       from sendsar.rooms r join sendsar.participants p using (tenant_id, room_id) where r.external_id = '${externalId}'`,
    );
    expect(rows).toEqual({ rooms: 1, participants: 2, events: 1 });
    await socket.next("room-participants-changed");
    await a.send(answers[0]?.body.id, "a later event");
    await socket.next("new-message");
    expect(socket.of("room-participants-changed")).toHaveLength(1);
  });

  test("CB 3.2 the same externalId again changes nothing; in another tenant it is another room", async () => {
    const [a, b] = [await createUser(), await createUser()];
    const externalId = `order:${randomUUID()}`;
    const first = await createTestRoom(gateway.a, [a], { externalId, name: "First" });
    const again = await gateway.a.api.post("/chat/rooms", { externalId, name: "Second", participants: [{ id: b.id }] });
    expect(again.status).toBe(200);
    expect(again.body).toEqual(first);
    const elsewhere = await gateway.b.api.post("/chat/rooms", { externalId, participants: [{ id: a.id }] });
    expect(elsewhere.status).toBe(201);
    expect(elsewhere.body.id).not.toBe(first.id);
    const found = await gateway.a.api.get(`/chat/rooms?externalId=${encodeURIComponent(externalId)}`);
    expect(found.body.rooms.map((room: Wire) => room.id)).toEqual([first.id]);
  });
});

describe("CB 3.2 lists", () => {
  test("CB 3.2 latest activity first; a message brings its room to the top and fills lastMessage", async () => {
    const [user, peer] = [await createUser(), await createUser()];
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await createTestRoom(gateway.a, [user, peer])).id);
    const order = async () => (await user.client.get("/chat/rooms")).body.rooms.map((room: Wire) => room.id);
    expect(await order()).toEqual(ids.toReversed());
    const sent = await peer.send(ids[0] as string, "up");
    expect(await order()).toEqual([ids[0], ids[2], ids[1]]);
    const { rooms } = (await user.client.get("/chat/rooms")).body;
    expect(rooms[0].lastMessage).toEqual({ previewText: "up", createdAt: sent.body.createdAt });
    expect(rooms.slice(1).map((room: Wire) => room.lastMessage)).toEqual([null, null]);
    const detail = await user.client.get(`/chat/rooms/${ids[0]}`);
    expect(detail.body).toMatchObject(rooms[0]);
    expect(detail.body.participants.map((one: Wire) => one.userId).toSorted()).toEqual([user.id, peer.id].toSorted());
  });

  test("CB 3.2 rooms whose latest activity is the same millisecond are ordered by id, and none is lost between pages", async () => {
    const user = await createUser();
    const ids = await createRooms(7, user);
    const list = ids.map((id) => `'${id}'`).join(",");
    await runOn(
      gateway.database.adminUrl,
      `update sendsar.rooms set activity_at = '2026-01-01' where room_id in (${list})`,
    );
    const pages = await listAll(user.client, "limit=2");
    expect(pages.flat().map((room) => room.id)).toEqual(ids.toSorted());
    expect(pages.map((page) => page.length)).toEqual([2, 2, 2, 1]);
  });

  test("CB 3.2 a limit of 100 is allowed, more is lowered to it, none is 30", async () => {
    const user = await createUser();
    await createRooms(101, user);
    const lengthOf = async (query: string) => (await user.client.get(`/chat/rooms${query}`)).body.rooms.length;
    expect(await lengthOf("?limit=100")).toBe(100);
    expect(await lengthOf("?limit=101")).toBe(limits.pageMax);
    expect(await lengthOf("?limit=999999999")).toBe(limits.pageMax);
    expect(await lengthOf("")).toBe(limits.pageDefault);
    for (const limit of ["0", "-1", "1.5", "x", "1e3", "9999999999"]) {
      expect((await user.client.get(`/chat/rooms?limit=${limit}`)).status, limit).toBe(400);
    }
  });

  test("CB 3.2 nextCursor is null, not absent, at the end, also when the last page is full", async () => {
    const user = await createUser();
    expect((await user.client.get("/chat/rooms")).body).toEqual({ rooms: [], nextCursor: null });
    await createRooms(4, user);
    const pages = await listAll(user.client, "limit=2");
    expect(pages.map((page) => page.length)).toEqual([2, 2]);
  });

  test("CB 3.2 cursors hold while rooms come, and move to the top: no room twice, none of the others lost", async () => {
    const user = await createUser();
    const ids = await createRooms(9, user);
    const pages = await listAll(user.client, "limit=3", async (page) => {
      if (page > 2) return;
      // One that was listed already becomes the newest, and a new one appears above everything.
      await user.send(ids.at(-page) as string, "to the top");
      await createTestRoom(gateway.a, [user]);
    });
    expect(pages.flat().map((room) => room.id)).toEqual(ids.toReversed());
  });

  test("CB 3.2 a user sees the rooms it is in and may not ask for another's; a backend sees all, or a user's", async () => {
    const [user, other] = [await createUser(), await createUser()];
    const mine = await createTestRoom(gateway.a, [user], { customType: "order" });
    const shared = await createTestRoom(gateway.a, [user, other], { customType: "support" });
    const theirs = await createTestRoom(gateway.a, [other]);
    const idsOf = async (client: TestClient, query: string) =>
      (await listAll(client, query)).flat().map((room) => room.id);
    expect(await idsOf(user.client, "")).toEqual([shared.id, mine.id]);
    expect(await idsOf(user.client, `participantId=${user.id}`)).toEqual([shared.id, mine.id]);
    expect(await idsOf(user.client, "customTypesFilter=support,other")).toEqual([shared.id]);
    expect(await idsOf(gateway.a.api, `participantId=${other.id}&limit=1`)).toEqual([theirs.id, shared.id]);
    expect(await idsOf(gateway.a.api, "limit=100")).toEqual(expect.arrayContaining([mine.id, shared.id, theirs.id]));
    expectRefusal(await user.client.get(`/chat/rooms?participantId=${other.id}`), "cannot_act_as_other_user");
    expectRefusal(await user.client.get(`/chat/rooms/${theirs.id}`), "room_not_found");
  });
});
