import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { aliveOf, spawnStart } from "./start-process.ts";
import type { Parts, StartProcess, StartProcessOptions } from "./start-process.ts";
import { freePort } from "../process/ports.ts";
import { waitUntil } from "../process/wait.ts";
import type { DevFile } from "../start/dev-file.ts";
import { createTestClient } from "../testing/client.ts";
import type { TestAnswer, TestClient } from "../testing/client.ts";
import { runOn } from "../testing/test-server.ts";

/** How long stopping may take. */
export const stopMsMax = 5000;

/** A folder and a port for the runs of one test. */
export interface StartFixture {
  readonly home: string;
  readonly port: number;
  /** Runs npm start on them. All are stopped after the test. */
  start(options?: Partial<StartProcessOptions>): StartProcess;
}

/** Gives each test of a file its own folder and port. */
export const useStartFixture = (): StartFixture => {
  // Several starts make a test, and every start makes a database.
  vi.setConfig({ testTimeout: 90_000 });
  let home = "";
  let port = 0;
  let runs: StartProcess[] = [];
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "sendsar-start-"));
    port = await freePort();
    runs = [];
  });
  afterEach(async () => {
    await Promise.all(runs.map((run) => run[Symbol.asyncDispose]()));
    await rm(home, { recursive: true, force: true });
  });
  return {
    get home() {
      return home;
    },
    get port() {
      return port;
    },
    start(options = {}) {
      const run = spawnStart({ home, port, ...options });
      runs.push(run);
      return run;
    },
  };
};

/** Expects a run to end by itself with one sentence on stderr, no stack, and exit code 1. */
export const expectSentence = async (run: StartProcess, sentence: RegExp): Promise<void> => {
  expect(await run.ended).toBe(1);
  expect(run.stderr()).toMatch(sentence);
  expect(run.stderr().trimEnd().split("\n")).toHaveLength(1);
};

/** Expects that all processes of a stack end within the time that stopping may take. */
export const expectAllGone = async (parts: Parts): Promise<void> => {
  await waitUntil(() => aliveOf(parts).length === 0, { limitMs: stopMsMax });
  expect(aliveOf(parts)).toEqual([]);
};

/** A client with the API key of a stack. */
export const apiOf = ({ apiUrl, apiKey }: DevFile): TestClient =>
  createTestClient(apiUrl.replace(/\/v1$/, ""), { "x-api-key": apiKey });

/** Makes a room with one user, `eve`. */
export const createRoom = async (api: TestClient): Promise<string> => {
  expect((await api.post("/users", { id: "eve", username: "Eve" })).status).toBe(201);
  const room = await api.post("/chat/rooms", { name: "R", participants: [{ id: "eve" }] });
  expect(room.status).toBe(201);
  return room.body.id;
};

/** Sends a message as `eve`. */
export const send = (api: TestClient, room: string, clientMessageId: string): Promise<TestAnswer> =>
  api.post(`/chat/rooms/${room}/messages`, {
    senderId: "eve",
    clientMessageId,
    parts: [{ type: "text", text: clientMessageId }],
  });

/** Ids of the messages that are on disk. */
export const idsIn = async ({ databaseUrl }: DevFile, room: string): Promise<string[]> => {
  const sql = `select client_message_id as id from sendsar.messages where room_id = '${room}' order by seq`;
  return (await runOn<{ id: string }>(databaseUrl, sql)).map(({ id }) => id);
};
