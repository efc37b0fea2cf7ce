import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { onDatabase } from "./postgres.ts";
import type { World } from "./world.ts";

/**
 * What was said before, in every database that is measured: as many messages, in rooms that nobody writes to. Of empty tables
 * Postgres remembers ways to read them that do not suit full ones, for as long as a minute.
 */
const past = { rooms: 100, messagesEach: 200, parts: JSON.stringify([{ type: "text", text: "x".repeat(80) }]) };

/** Puts a past into a tenant of ours, before its world. */
export const seedPast = async (databaseUrl: string, tenantId: string): Promise<void> =>
  await onDatabase(databaseUrl, async (client) => {
    await client.query("set search_path = sendsar");
    await client.query(
      `insert into users (tenant_id, user_id, username, created_at, updated_at) values ($1, 'past', 'Past', now(), now())`,
      [tenantId],
    );
    await client.query(
      `insert into rooms (tenant_id, room_id, kind, name, last_seq, last_event_at, activity_at, created_at)
       select $1, gen_random_uuid(), 'group', 'A past room', $2, now(), now(), now() from generate_series(1, $3)`,
      [tenantId, past.messagesEach, past.rooms],
    );
    await client.query(
      `insert into participants (tenant_id, room_id, user_id, role, joined_at)
       select tenant_id, room_id, 'past', 'MEMBER', now() from rooms where tenant_id = $1`,
      [tenantId],
    );
    await client.query(
      `insert into messages (tenant_id, room_id, seq, message_id, sender_id, client_message_id, parts, ordinal, created_at)
       select tenant_id, room_id, n, gen_random_uuid(), 'past', n::text, $3, n, now()
       from rooms, generate_series(1, $2::bigint) n where tenant_id = $1`,
      [tenantId, past.messagesEach, past.parts],
    );
    await client.query(
      `insert into events (tenant_id, room_id, seq, type, actor_id, message_id, created_at)
       select tenant_id, room_id, seq, 'message.created', sender_id, message_id, created_at
       from messages where tenant_id = $1`,
      [tenantId],
    );
  });

/** Puts a world into a tenant of ours: rows only, as if it had been there for long. */
export const seedTenant = async (databaseUrl: string, tenantId: string, world: World): Promise<void> =>
  await onDatabase(databaseUrl, async (client) => {
    await client.query("set search_path = sendsar");
    await client.query(
      `insert into users (tenant_id, user_id, username, created_at, updated_at)
       select $1, name, name, now(), now() from unnest($2::text[]) name`,
      [tenantId, world.users],
    );
    await client.query(
      `insert into rooms (tenant_id, room_id, kind, name, last_event_at, activity_at, created_at)
       select $1, room_id, 'group', 'A room', now(), now(), now() from unnest($2::uuid[]) room_id`,
      [tenantId, world.rooms.map(({ roomId }) => roomId)],
    );
    await client.query(
      `insert into participants (tenant_id, room_id, user_id, role, joined_at)
       select $1, room_id, user_id, 'MEMBER', now() from unnest($2::uuid[], $3::text[]) p (room_id, user_id)`,
      [tenantId, ...memberships(world)],
    );
    await client.query("analyze");
  });

/** Makes the tables of the reference and puts a world and an API key into them. */
export const seedReference = async (databaseUrl: string, apiKey: string, world: World): Promise<void> =>
  await onDatabase(databaseUrl, async (client) => {
    await client.query(await readFile(new URL("../reference/schema.sql", import.meta.url), "utf8"));
    await client.query("insert into users values ('past')");
    await client.query(
      `with past as (
         insert into rooms (room_id, last_seq) select gen_random_uuid(), $1 from generate_series(1, $2) returning room_id
       ), members as (
         insert into participants select room_id, 'past' from past
       )
       insert into messages (room_id, seq, message_id, sender_id, parts)
       select room_id, n, gen_random_uuid(), 'past', $3 from past, generate_series(1, $1::bigint) n`,
      [past.messagesEach, past.rooms, past.parts],
    );
    await client.query("insert into users select unnest($1::text[])", [world.users]);
    await client.query("insert into rooms (room_id) select unnest($1::uuid[])", [
      world.rooms.map(({ roomId }) => roomId),
    ]);
    await client.query("insert into participants select unnest($1::uuid[]), unnest($2::text[])", memberships(world));
    await client.query("insert into api_keys values ($1)", [createHash("sha256").update(apiKey).digest()]);
    await client.query("analyze");
  });

const memberships = ({ rooms }: World): [readonly string[], readonly string[]] => [
  rooms.flatMap(({ roomId, members }) => members.map(() => roomId)),
  rooms.flatMap(({ members }) => members),
];
