import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { createTestDatabase } from "../../../scripts/testing/database.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import type { ChatClient } from "../../faults/clients/chat-client.ts";
import { createPlainClient } from "../../faults/clients/plain-client.ts";
import { startLoad } from "../../faults/load/load.ts";
import { printOf } from "../../faults/load/payload.ts";
import { createRandom } from "../../faults/load/random.ts";
import { createRecorder } from "../../faults/load/recorder.ts";
import { createRest } from "../../faults/load/rest.ts";
import { createRestSender } from "../../faults/load/sender.ts";
import { startBalancer } from "../../faults/network/balancer.ts";
import { createPod } from "../../faults/processes/pod.ts";
import { checkHistory } from "../check-history.ts";
import type { RoomTruth } from "../history.ts";
import { renderVerdict } from "../render.ts";

const tenant = "naked";
const rooms = ["one", "two", "three"];
const users = Array.from({ length: 9 }, (_, n) => `user-${n + 1}`);
const messages = 1500;

test("known bad: the checker finds what the adapter, run as its README has it, loses and reorders", async () => {
  await using parts = new AsyncDisposableStack();
  const database = parts.use(await createTestDatabase());
  const dir = await mkdtemp(join(tmpdir(), "sendsar-naked-"));
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  const pods = await Promise.all(["naked-1", "naked-2"].map((name) => createPod(name, dir)));
  for (const pod of pods) {
    parts.defer(() => pod.kill());
    const env = { DATABASE_URL: database.adminUrl };
    await pod.start({ script: "e2e/checker/known-bad/naked-gateway.ts", env });
  }
  await runOn(database.adminUrl, `insert into naked_rooms (room) values ('${rooms.join("'), ('")}')`);
  const random = createRandom(1);
  const balancer = parts.use(await startBalancer(pods, () => random.next()));
  await waitUntil(() => pods.every(({ name }) => balancer.isReady(name)), { limitMs: 10_000 });

  const { origin } = balancer;
  const recorder = createRecorder();
  const clients: ChatClient[] = users.map((user) => {
    const token = [user, ...rooms].join("/");
    const client = parts.use(createPlainClient({ recorder, name: user, tenant, user, token, origin }));
    client.start();
    return client;
  });
  await waitUntil(() => clients.every((client) => client.isSynced()), { limitMs: 20_000 });
  const senders = users.map((user) => {
    const rest = createRest({ origin, credentials: {}, connectionsMax: 1 });
    parts.defer(() => rest.close());
    return createRestSender({ tenant, user, rooms }, rest, "key");
  });
  const load = startLoad({ recorder, random, senders, messagesPerSecond: 150, name: "naked" });
  // While nothing is broken, everything arrives: the server is not simply one that does not work.
  expect(await waitUntil(() => load.acknowledged >= messages / 3, { limitMs: 30_000 })).toBe(true);
  const before = await readTruth(database.adminUrl);
  const isWhole = (truth: readonly RoomTruth[]): boolean =>
    clients.every((client) => truth.every(({ room, rows }) => rows.every(({ id }) => client.has(room, id))));
  expect(await waitUntil(() => isWhole(before), { limitMs: 10_000 })).toBe(true);
  // The adapter tries to listen again after one to three seconds.
  await waitUntil(() => endListening(database.adminUrl).then(() => load.acknowledged >= messages), {
    limitMs: 40_000,
    everyMs: 3000,
  });
  await load.stop();
  const quietAt = recorder.now();
  const truth = await readTruth(database.adminUrl);
  // Whatever is still to come has come by then; what is lost never does.
  expect(await waitUntil(() => isWhole(truth), { limitMs: 5000, everyMs: 500 })).toBe(false);

  const facts = clients.map((client) => client.facts);
  const verdict = checkHistory({
    clients: facts,
    entries: [...recorder.entries],
    rooms: truth,
    quietAt,
    catchUpMsMax: 10_000,
  });
  const { lost, hole, inverted, foreign, phantom, disagreement } = verdict.counts;
  expect(lost, renderVerdict(verdict)).toBeGreaterThan(0);
  expect(hole).toBeGreaterThan(0);
  expect(inverted).toBeGreaterThan(0);
  // It is not simply that everything is found wrong: the table itself is sound.
  expect({ foreign, phantom, disagreement }).toEqual({ foreign: 0, phantom: 0, disagreement: 0 });
}, 90_000);

const endListening = (databaseUrl: string): Promise<unknown> =>
  runOn(
    databaseUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and query ilike 'listen%'`,
  );

interface Row {
  readonly room: string;
  readonly seq: number;
  readonly id: string;
  readonly sender: string;
  readonly send_id: string;
  readonly parts: readonly { readonly type: string }[];
}

const readTruth = async (databaseUrl: string): Promise<readonly RoomTruth[]> => {
  const all = await runOn<Row>(databaseUrl, "select * from naked_messages order by room, seq");
  return rooms.map((room) => {
    const rows = all
      .filter((row) => row.room === room)
      .map(({ id, seq, send_id: sendId, sender, parts }) => ({ id, seq, sendId, sender, print: printOf(parts) }));
    const joined = { seq: 1, change: { action: "joined", users } } as const;
    const log = [joined, ...rows.map(({ id, seq }) => ({ seq, messageId: id }))];
    return { tenant, room, rows, log, pages: rows };
  });
};
