import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openProvisioner } from "../../../gateway/src/provisioning/provisioner.ts";
import { migrate } from "../../../gateway/src/store/migrate.ts";
import { migrationsDir } from "../../../gateway/src/store/migrations-dir.ts";
import { startLoad } from "../load/load.ts";
import { createRestSender } from "../load/sender.ts";
import type { World } from "../world.ts";
import type { Row, Scene } from "./row.ts";

const waitMsMax = 2000;
/** Beside the load that every row has: 200 messages a second together. */
const moreMessagesPerSecond = 90;

export const migration: Row = {
  id: 28,
  title: "migration under load",
  how: "a column and an index are added to a table of 1,000,000 messages at 200 messages a second, with a read transaction in the way that stays open for 30 s; then a gateway is started on the new schema beside those that were there",
  async inject(scene) {
    const { world, stage, size, hold, recovered, note, must } = scene;
    await writePast(world, size(1_000_000, 50_000));
    const dir = await writeMigrations(world.dir);
    sendMore(scene);
    const report = await world.database.session();
    await report.query("begin isolation level repeatable read");
    await report.query("select from sendsar.messages limit 1");
    const since = stage.recorder.now();
    const migrating = migrate({ databaseUrl: world.database.adminUrl, dir });
    await hold(size(30_000, 5000));
    await report.query("commit");
    await report.end();
    const freeAt = stage.recorder.now();
    const { applied } = await migrating;
    note("migrated after the way was free, s", ((stage.recorder.now() - freeAt) / 1000).toFixed(1));
    must(applied.length === files.length, `of the migrations only these were applied: ${applied.join(", ")}`);
    await recovered();
    const slowest = slowestSince(scene, since);
    note("slowest answer meanwhile, ms", Math.round(slowest));
    must(slowest <= waitMsMax, `a message waited for ${Math.round(slowest)} ms`);
    const [pod] = world.pods;
    await pod?.kill();
    await pod?.start(world.program());
    await recovered();
  },
};

/** What a next version might bring. */
const files = [
  { name: "9001_column.sql", sql: "alter table messages add column probe text not null default '';\n" },
  {
    name: "9002_index.sql",
    sql: `-- Outside a transaction.
drop index concurrently if exists messages_probe;
create index concurrently messages_probe on messages (tenant_id, sender_id, created_at);
`,
  },
] as const;

const writeMigrations = async (parent: string): Promise<string> => {
  const dir = join(parent, "migrations");
  await mkdir(dir, { recursive: true });
  await cp(migrationsDir, dir, { recursive: true });
  for (const { name, sql } of files) await writeFile(join(dir, name), sql);
  return dir;
};

/** Messages of a tenant in which nothing happens any more. */
const writePast = async ({ database, masterKey }: World, count: number): Promise<void> => {
  const tenant = "past";
  {
    await using provisioner = await openProvisioner({ databaseUrl: database.adminUrl, masterKey });
    await provisioner.createTenant({ tenantId: tenant });
  }
  await database.query(`
    insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at)
    values ('${tenant}', 'past', 'Past', now(), now())`);
  const each = 10_000;
  for (let n = 0; n < count; n += each) {
    await database.query(`
      with room as (
        insert into sendsar.rooms (tenant_id, room_id, kind, name, last_seq, last_event_at, activity_at, created_at)
        values ('${tenant}', gen_random_uuid(), 'group', 'A past room', ${each}, now(), now(), now()) returning room_id
      )
      insert into sendsar.messages
        (tenant_id, room_id, seq, message_id, sender_id, client_message_id, parts, ordinal, created_at)
      select '${tenant}', room_id, n, gen_random_uuid(), 'past', n::text,
        json_build_array(json_build_object('type', 'text', 'text', 'It was so.')), n, now()
      from room, generate_series(1, ${each}) n`);
  }
};

const sendMore = ({ stage, random }: Scene): void => {
  const [troupe] = stage.troupes;
  const senders = troupe.people.map((person) => createRestSender({ ...troupe, ...person }, troupe.rest, "key"));
  const name = `${troupe.tenant}-more`;
  stage.addLoad(
    startLoad({ recorder: stage.recorder, random, senders, name, messagesPerSecond: moreMessagesPerSecond }),
  );
};

/** Milliseconds from the first try to the answer. */
const slowestSince = ({ stage }: Scene, since: number): number => {
  const begun = new Map<string, number>();
  let slowest = 0;
  for (const entry of stage.recorder.entries) {
    if (entry.at < since) continue;
    if (entry.kind === "invoke") begun.set(entry.sendId, entry.at);
    if (entry.kind === "ok") slowest = Math.max(slowest, entry.at - (begun.get(entry.sendId) ?? entry.at));
  }
  return slowest;
};
