import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestGateway, type TestPeer, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { createTestRoom, createTestUser } from "../../../scripts/testing/test-user.ts";
import { failureOf } from "./failure-of.ts";
import { openFileStorage } from "./file-storage.ts";
import { startLossyLine } from "./lossy-line.ts";
import { createTestApp, eventually, range } from "./test-app.ts";

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

/** Ann alone in a room, behind a line that leads to the first gateway. */
async function startAnn() {
  const ann = await createTestUser(one, one.a);
  const roomId = (await createTestRoom(one.a, [ann])).id as string;
  const line = await startLossyLine(one.url);
  const app = createTestApp({ apiUrl: line.apiUrl, storage: null });
  await app.chat.connect({ userId: ann.id, token: ann.token });
  const stack = new AsyncDisposableStack();
  stack.use(line);
  stack.use(app);
  return { ann, roomId, line, app, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** The texts of a room's messages as they stand in the table, in order. */
const rowsOf = async (roomId: string): Promise<string[]> => {
  const rows = await runOn<{ preview_text: string }>(
    one.database.adminUrl,
    `select preview_text from sendsar.messages where room_id = '${roomId}' order by seq`,
  );
  return rows.map((row) => row.preview_text);
};

test("[OB2] a message that is sent while offline is stored once, and its promise resolves", async () => {
  await using given = await startAnn();
  const { roomId, line, app } = given;
  line.isOffline = true;
  line.cut();
  const sent = app.chat.sendMessage(roomId, "from nowhere");
  await eventually(() => expect(app.chat.state).toBe("reconnecting"));
  expect(app.chat.outbox.entries).toMatchObject([{ roomId, state: "pending" }]);
  expect(await rowsOf(roomId)).toEqual([]);
  line.isOffline = false;
  line.leadTo(two.url);
  const message = await sent;
  expect(await rowsOf(roomId)).toEqual(["from nowhere"]);
  expect(app.chat.outbox.entries).toEqual([]);
  await eventually(() => expect(app.messagesOf(roomId).map(({ id }) => id)).toEqual([message.id]));
});

test("[OB6] a message that is stored while its answer is lost is never a failed one, and never a second one", async () => {
  await using given = await startAnn();
  const { roomId, line, app } = given;
  const states = new Set<string>();
  app.chat.on("outbox", ({ entries }) => entries.forEach(({ state }) => states.add(state)));
  line.losesAnswers = true;
  const sent = app.chat.sendMessage(roomId, "only once");
  await eventually(async () => expect(await rowsOf(roomId)).toEqual(["only once"]));
  expect(app.chat.outbox.entries).toHaveLength(1);
  line.cut();
  line.losesAnswers = false;
  const message = await sent;
  expect(message.previewText).toBe("only once");
  expect(await rowsOf(roomId)).toEqual(["only once"]);
  expect([...states]).toEqual(["pending"]);
});

test("[OB1] messages to two rooms over a line that breaks again and again are stored once and in order", async () => {
  await using given = await startAnn();
  const { ann, roomId, line, app } = given;
  const other = (await createTestRoom(one.a, [ann])).id as string;
  const texts = range(1, 60).map((number) => `message ${number}`);
  const sending = [roomId, other].flatMap((room) => texts.map((text) => app.chat.sendMessage(room, text)));
  let isDone = false;
  const all = Promise.all(sending).finally(() => (isDone = true));
  const gateways = [two.url, one.url];
  for (let cuts = 0; !isDone && cuts < 200; cuts += 1) {
    const before = app.chat.outbox.entries.length;
    line.leadTo(gateways[cuts % 2] ?? "");
    // What is under way is cut off with its answer; the next cut comes when some have got through.
    await eventually(() => expect(isDone || app.chat.outbox.entries.length < before).toBe(true));
    line.cut();
  }
  await all;
  expect(await rowsOf(roomId)).toEqual(texts);
  expect(await rowsOf(other)).toEqual(texts);
}, 60_000);

test("[OB4] a message to a room that is not there is refused at once, and stays to be looked at", async () => {
  await using given = await startAnn();
  const { app } = given;
  const failure = await failureOf(app.chat.sendMessage(crypto.randomUUID(), "to nobody"));
  expect(failure).toMatchObject({ code: "room_not_found", status: 404 });
  expect(app.chat.outbox.entries).toMatchObject([{ state: "failed", error: { code: "room_not_found" } }]);
});

test("[OB10] what a page that is gone had not sent is sent by the next one, once and in order", async () => {
  await using given = await startAnn();
  const { ann, roomId, line } = given;
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sendsar-outbox-"));
  stack.defer(() => rm(dir, { recursive: true }));
  const storagePath = join(dir, "storage.json");
  const args = [join(import.meta.dirname, "outbox-page.ts"), line.apiUrl, ann.id, ann.token, roomId, storagePath];
  const page = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  stack.defer(() => void page.kill("SIGKILL"));
  const exited = once(page, "exit");
  const [ready] = (await Promise.race([once(page.stdout, "data"), exited])) as [Buffer];
  expect(String(ready)).toBe("ready\n");

  line.losesAnswers = true;
  page.stdin.write("5\n");
  // The first of them is stored, and the page will never know.
  await eventually(async () => expect(await rowsOf(roomId)).toEqual(["0", "1"]));
  page.kill("SIGKILL");
  await exited;
  line.losesAnswers = false;

  await using app = createTestApp({ apiUrl: line.apiUrl, storage: openFileStorage(storagePath) });
  const lists: number[] = [];
  app.chat.on("outbox", ({ entries }) => lists.push(entries.length));
  await app.chat.connect({ userId: ann.id, token: ann.token });
  await eventually(() => expect(app.chat.outbox.entries).toEqual([]));
  expect(await rowsOf(roomId)).toEqual(["0", "1", "2", "3", "4", "5"]);
  expect(lists).toEqual([5, 4, 3, 2, 1, 0]);
  expect(openFileStorage(storagePath).length).toBe(0);
}, 60_000);
