import { limits } from "@sendsar/protocol/limits";
import type { Socket } from "socket.io-client";
import { io } from "socket.io-client";
import { expect, vi } from "vitest";
import type { TestSocket } from "./client.ts";
import { connectTestSocket, createUserClient } from "./client.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import { startGatewayProcess } from "./gateway-process.ts";
import type { TestGateway } from "./gateway.ts";
import { startTestGateway } from "./gateway.ts";
import type { Lag } from "./lag.ts";
import { watchLag } from "./lag.ts";
import type { OwnPostgres } from "./own-postgres.ts";
import { startOwnPostgres } from "./own-postgres.ts";
import { mintToken } from "./seed-room.ts";
import type { CallRecord } from "./steady-load.ts";

/** A gateway in a process of its own, a Postgres that can be treated badly, a user who writes and reads, and a member who listens. */
export interface DegradedScene extends AsyncDisposable {
  readonly postgres: OwnPostgres;
  /** The one under test. */
  readonly subject: GatewayProcess;
  /** Another gateway of the database, with the tenants' backends. */
  readonly one: TestGateway;
  /** Of this machine, by what the subject answers without its database. */
  readonly lag: Lag;
  readonly roomId: string;
  readonly otherRoomId: string;
  /** Sends a message with an API key, and as a user. */
  send(roomId?: string): ReturnType<TestGateway["a"]["api"]["post"]>;
  /** Reads a page of messages as a user. */
  read(roomId?: string): ReturnType<TestGateway["a"]["api"]["get"]>;
  readonly listener: TestSocket;
  /** Opens a socket as the published clients do: it comes back by itself after a lost connection, never after a refusal. */
  open(): Socket;
  /** Status of the health endpoints, and how long they took. */
  health(): Promise<{ readonly live: number; readonly ready: number; readonly ms: number }>;
  /** Waits until writes, reads and readiness work again; answers after how many milliseconds. */
  recovered(): Promise<number>;
}

export const createDegradedScene = async (settings: Readonly<Record<string, string>> = {}): Promise<DegradedScene> => {
  await using parts = new AsyncDisposableStack();
  const postgres = parts.use(await startOwnPostgres(settings));
  const one = parts.use(await startTestGateway({ database: postgres }));
  // Whatever the test has done, the database is there again when the gateways stop.
  parts.defer(() => postgres.wake());
  const subject = parts.use(await startGatewayProcess({ database: postgres, masterKey: one.masterKey }));
  const lag = parts.use(watchLag(() => fetch(`${subject.url}/healthz`, { signal: AbortSignal.timeout(5000) })));
  const { api } = one.a;
  for (const id of ["ann", "bo"]) await api.post("/users", { id, username: id });
  const makeRoom = async (): Promise<string> =>
    (await api.post("/chat/rooms", { name: "R", participants: [{ id: "ann" }, { id: "bo" }] })).body.id;
  const [roomId, otherRoomId] = [await makeRoom(), await makeRoom()];
  const ann = createUserClient(subject.url, await mintToken(api, "ann"));
  const token = await mintToken(api, "bo");
  const listener = parts.use(await connectTestSocket(subject.url, token));
  const sockets = parts.adopt<Socket[]>([], (all) => all.forEach((socket) => socket.disconnect()));
  let sent = 0;
  const send = (where = roomId) => {
    const clientMessageId = `c${sent++}`;
    return ann.post(`/chat/rooms/${where}/messages`, {
      clientMessageId,
      parts: [{ type: "text", text: clientMessageId }],
    });
  };
  const read = (where = roomId) => ann.get(`/chat/rooms/${where}/messages?limit=5`);
  const statusOf = async (path: string): Promise<number> => (await fetch(`${subject.url}${path}`)).status;
  const health = async () => {
    const startedAt = performance.now();
    const [live, ready] = await Promise.all([statusOf("/healthz"), statusOf("/readyz")]);
    return { live, ready, ms: performance.now() - startedAt };
  };
  const open = parts.move();
  return {
    postgres,
    subject,
    one,
    lag,
    roomId,
    otherRoomId,
    send,
    read,
    listener,
    open() {
      const socket = io(subject.url, { auth: { token }, transports: ["websocket"], forceNew: true });
      sockets.push(socket);
      return socket;
    },
    health,
    async recovered() {
      const startedAt = performance.now();
      const works = async () => [(await send()).status, (await read()).status, (await health()).ready];
      await vi.waitFor(async () => expect(await works()).toEqual([201, 200, 200]), 15_000);
      return performance.now() - startedAt;
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
};

/** Every call was answered in time, with success or with the one refusal that says: try again. */
export const expectHonest = ({ lag }: DegradedScene, records: readonly CallRecord[]): void => {
  const answerMsMax = limits.queryMsMax + 1000 + lag.ms();
  const dishonest = records.filter(({ status, code, retryAfter, ms }) => {
    const isFine = status === 200 || status === 201;
    const isHonest = status === 503 && code === "database_unavailable" && retryAfter === "1";
    return !(isFine || isHonest) || ms > answerMsMax;
  });
  expect(dishonest).toEqual([]);
};

/** What was acknowledged is in the log once, and reached the listener once, in order, without a reconnect. */
export const expectNothingLost = async (scene: DegradedScene, records: readonly CallRecord[]): Promise<void> => {
  const acknowledged = records
    .filter(({ status, body }) => status === 201 && body?.seq !== undefined)
    .map(({ body }) => body);
  expect(acknowledged.length).toBeGreaterThan(0);
  await vi.waitFor(() => {
    const seen = scene.listener.of("new-message").filter(({ roomId }) => roomId === scene.roomId);
    const ids = new Set(seen.map(({ id }) => id));
    expect(acknowledged.filter(({ id, roomId }) => roomId === scene.roomId && !ids.has(id))).toEqual([]);
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, n) => n + 2));
  }, 10_000);
  expect(scene.listener.socket.connected).toBe(true);
};
