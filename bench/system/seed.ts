import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { onDatabase } from "./postgres.ts";
import type { World } from "./world.ts";

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
