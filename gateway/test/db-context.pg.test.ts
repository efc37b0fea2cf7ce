import { createHash } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { seedRoom } from "../../scripts/testing/seed-room.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { hashApiKey } from "../src/auth/api-key.ts";
import type { Db, Statement } from "../src/store/db.ts";
import { openDb } from "../src/store/db.ts";

/*
 * The tenant's context is `set_config(…, true)` in a transaction: whatever becomes of a call, the next one on the same
 * connection starts with none. One connection, so that the next call has to take it.
 */
let gateway: TestGateway;
let db: Db;
beforeAll(async () => {
  gateway = await startTestGateway();
  for (const { api } of [gateway.a, gateway.b]) await seedRoom(api, { people: ["ann", "bo"], externalId: "context" });
  await runOn(
    gateway.database.adminUrl,
    "create function sendsar.refuse() returns trigger language plpgsql as $$ begin raise 'too late'; end $$",
    `create constraint trigger refuse after update on sendsar.users deferrable initially deferred for each row
     when (new.username = 'refused at commit') execute function sendsar.refuse()`,
  );
  db = openDb({ databaseUrl: gateway.database.gatewayUrl, poolMax: 1, onConnectionError: () => undefined });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

const statement = (text: string): Statement => ({ name: createHash("sha1").update(text).digest("hex"), text });
const state = `
  current_setting('sendsar.tenant_id', true) as tenant, current_setting('sendsar.key_hash', true) as hash,
  (select count(*) from users) as users, (select count(*) from api_keys) as keys, pg_backend_pid() as pid`;
/** What a call sees that is made for nobody. */
const lookWithoutTenant = () =>
  db.findKeyOwner<Seen>(statement(`select ${state} where $1::bytea is not null`), hashApiKey("nobody's"));
const lookAs = async (tenantId: string) => (await db.query<Seen>(tenantId, statement(`select ${state}`), []))[0];

interface Seen {
  readonly tenant: string | null;
  readonly hash: string | null;
  readonly users: number;
  readonly keys: number;
  readonly pid: number;
}

test("no statement goes through a whole table where there is another way, and none is compiled", async () => {
  const plans = statement("select current_setting('enable_seqscan') as scan, current_setting('jit') as jit");
  expect(await db.query("a", plans, [])).toEqual([{ scan: "off", jit: "off" }]);
});

const before: Readonly<Record<string, () => Promise<unknown>>> = {
  "a read": () => db.query("a", statement("select 1"), []),
  "a batch": () =>
    db.batch("a", [
      { statement: statement("update users set username = username"), values: [] },
      { statement: statement("select 2"), values: [] },
    ]),
  "a statement that fails": () => db.query("a", statement("select 1 / 0"), []),
  "a batch that fails in the middle": () =>
    db.batch("a", [
      { statement: statement("select 3"), values: [] },
      { statement: statement("insert into users (tenant_id, user_id) values ('b', 'x')"), values: [] },
      { statement: statement("select 4"), values: [] },
    ]),
  "a statement that is no SQL": () => db.query("a", statement("no sql"), []),
  "a commit that fails": () =>
    db.query("a", statement("update users set username = 'refused at commit' where user_id = 'ann'"), []),
  "a look for the owner of a key": () =>
    db.findKeyOwner(statement("select tenant_id from api_keys where key_hash = $1"), hashApiKey(gateway.a.apiKey)),
  "a sign of life": () => db.ping(),
};
test.for(Object.entries(before))("J04 after %s the connection has no context", async ([name, act]) => {
  const pid = (await lookAs("a"))?.pid;
  const failed = await act().then(
    () => false,
    () => true,
  );
  expect(failed).toBe(name.includes("fails") || name.includes("no SQL"));
  const seen = await lookWithoutTenant();
  expect(seen).toEqual({ tenant: "", hash: hashApiKey("nobody's").toString("hex"), users: 0, keys: 0, pid });
  expect(await lookAs("b")).toEqual({ tenant: "b", hash: "", users: 2, keys: 1, pid });
});

const cancel = "select pg_cancel_backend($1) where cardinality(pg_blocking_pids($1)) > 0";

test("J04 a cancelled statement costs its connection, and the next one has no context", async () => {
  const pid = (await lookAs("a"))?.pid;
  const admin = new pg.Client({ connectionString: gateway.database.adminUrl });
  await admin.connect();
  await admin.query("begin; lock table sendsar.rooms in access exclusive mode");
  const waiting = db.query("a", statement("select from rooms"), []).catch((error: unknown) => error);
  await expect.poll(async () => (await admin.query(cancel, [pid])).rowCount, { timeout: 2000 }).toBe(1);
  expect(await waiting).toMatchObject({ kind: "unavailable" });
  await admin.query("rollback");
  await admin.end();
  const seen = await lookWithoutTenant();
  expect(seen).toMatchObject({ users: 0, keys: 0 });
  expect([null, ""]).toContain(seen?.tenant);
  expect(seen?.pid).not.toBe(pid);
});
