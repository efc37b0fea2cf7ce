import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EmptyDatabase } from "../../scripts/testing/empty-database.ts";
import { createEmptyDatabase } from "../../scripts/testing/empty-database.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { migrate } from "../src/store/migrate.ts";
import { migrateTo } from "./fixtures/migrate-to.ts";

// K08 on a database of an earlier version: the rooms that a deletion has to go through are found there too. The migrations
// are run by a role that row-level security binds, as in a cluster.

const owner = `sendsar_test_owner_${randomBytes(6).toString("hex")}`;
const password = randomBytes(12).toString("hex");
let database: EmptyDatabase;
let ownerUrl: string;
beforeAll(async () => {
  database = await createEmptyDatabase();
  await runOn(
    database.adminUrl,
    `create role ${owner} login createrole nosuperuser nobypassrls password '${password}'`,
    `grant sendsar_gateway, sendsar_provisioner to ${owner} with admin option`,
    `alter database ${database.name} owner to ${owner}`,
  );
  const url = new URL(database.adminUrl);
  [url.username, url.password] = [owner, password];
  ownerUrl = url.href;
});
afterAll(async () => {
  const server = new URL(database.adminUrl);
  await database[Symbol.asyncDispose]();
  server.pathname = "/postgres";
  await runOn(server.href, `drop role ${owner}`);
});

describe("0010 the rooms of users", () => {
  test("are those that they came into, are in, or wrote in, in each tenant", async () => {
    await migrateTo(ownerUrl, 6);
    const rooms = { in: randomUUID(), left: randomUUID(), wrote: randomUUID(), never: randomUUID(), ofB: randomUUID() };
    const all = Object.entries(rooms).map(([name, id]) => [name === "ofB" ? "b" : "a", id] as const);
    await runOn(
      database.adminUrl,
      "insert into sendsar.tenants (tenant_id, name) values ('a', 'A'), ('b', 'B')",
      `insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at)
       select t, u, u, now(), now() from unnest(array['a', 'b']) t, unnest(array['ann', 'bo']) u`,
      ...all.map(
        ([tenantId, id]) => `
        insert into sendsar.rooms (tenant_id, room_id, kind, last_event_at, activity_at, created_at)
        values ('${tenantId}', '${id}', 'group', now(), now(), now())`,
      ),
      `insert into sendsar.participants (tenant_id, room_id, user_id, role, joined_at)
       values ('a', '${rooms.in}', 'ann', 'MEMBER', now()), ('b', '${rooms.ofB}', 'bo', 'MEMBER', now())`,
      ...(
        [
          ["a", rooms.in, ["bo", "ann"]],
          ["a", rooms.left, ["bo", "ann"]],
          ["b", rooms.ofB, ["bo"]],
        ] as const
      ).map(
        ([tenantId, id, targetUserIds]) => `
        insert into sendsar.events (tenant_id, room_id, seq, type, data, created_at)
        values ('${tenantId}', '${id}', 1, 'participants.changed',
          '${JSON.stringify({ action: "joined", actorUserId: "bo", targetUserIds })}', now())`,
      ),
      `insert into sendsar.messages (tenant_id, room_id, seq, message_id, sender_id, parts, ordinal, created_at)
       values ('a', '${rooms.wrote}', 1, gen_random_uuid(), 'ann', '[]', 1, now())`,
    );

    const { applied } = await migrate({ databaseUrl: ownerUrl });
    expect(applied).toContain("0010_rooms_of_users");
    const found = await runOn<{ tenant_id: string; user_id: string; room_id: string }>(
      database.adminUrl,
      "select tenant_id, user_id, room_id from sendsar.user_rooms",
    );
    expect(found.map((row) => Object.values(row).join(" ")).toSorted()).toEqual(
      [
        ["a", "ann", rooms.in],
        ["a", "ann", rooms.left],
        ["a", "ann", rooms.wrote],
        ["a", "bo", rooms.in],
        ["a", "bo", rooms.left],
        ["b", "bo", rooms.ofB],
      ]
        .map((row) => row.join(" "))
        .toSorted(),
    );
  });

  test("from then on are remembered by whatever statement makes a participant, once", async () => {
    const roomId = randomUUID();
    await runOn(
      database.adminUrl,
      `insert into sendsar.rooms (tenant_id, room_id, kind, last_event_at, activity_at, created_at)
       values ('a', '${roomId}', 'group', now(), now(), now())`,
      `insert into sendsar.participants (tenant_id, room_id, user_id, role, joined_at)
       select 'a', '${roomId}', u, 'MEMBER', now() from unnest(array['ann', 'bo']) u`,
      `delete from sendsar.participants where room_id = '${roomId}' and user_id = 'ann'`,
      `insert into sendsar.participants (tenant_id, room_id, user_id, role, joined_at)
       values ('a', '${roomId}', 'ann', 'MEMBER', now())`,
      `delete from sendsar.participants where room_id = '${roomId}'`,
    );
    const found = await runOn<{ user_id: string }>(
      database.adminUrl,
      `select user_id from sendsar.user_rooms where room_id = '${roomId}' order by 1`,
    );
    expect(found).toEqual([{ user_id: "ann" }, { user_id: "bo" }]);
  });
});
