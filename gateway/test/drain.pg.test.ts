import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "socket.io-client";
import { io } from "socket.io-client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createUserClient } from "../../scripts/testing/client.ts";
import { connectDeafClient } from "../../scripts/testing/deaf-client.ts";
import type { GatewayProcess } from "../../scripts/testing/gateway-process.ts";
import { startGatewayProcess } from "../../scripts/testing/gateway-process.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { holdLock } from "../../scripts/testing/hold-lock.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";
import { startSteadyLoad } from "../../scripts/testing/steady-load.ts";
import type { TcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { openTcpSwitch } from "../../scripts/testing/tcp-switch.ts";

// F02: a gateway that is told to stop, as a deploy does, behind a balancer with another one. Two processes.

const graceMs = 4000;
let parts: AsyncDisposableStack;
let one: TestGateway;
let leaver: GatewayProcess;
let stayer: GatewayProcess;
let balancer: TcpSwitch;
let token: string;
let roomId: string;
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  one = parts.use(await startTestGateway());
  const env = { SHUTDOWN_GRACE_MS: String(graceMs) };
  leaver = parts.use(await startGatewayProcess(one, env));
  stayer = parts.use(await startGatewayProcess(one, env));
  balancer = parts.use(await openTcpSwitch([leaver.port, stayer.port]));
  await one.a.api.post("/users", { id: "ann", username: "ann" });
  roomId = (await one.a.api.post("/chat/rooms", { name: "R", participants: [{ id: "ann" }] })).body.id;
  token = await mintToken(one.a.api, "ann");
});
afterEach(() => parts.disposeAsync());

const throughBalancer = () => `http://127.0.0.1:${balancer.port}`;
const post = (url: string, clientMessageId: string) =>
  createUserClient(url, token).post(`/chat/rooms/${roomId}/messages`, {
    clientMessageId,
    parts: [{ type: "text", text: clientMessageId }],
  });
/** Connects as the published clients do, with the reconnection that the library has by default. */
const openSocket = async (url: string): Promise<Socket> => {
  const socket = io(url, { auth: { token }, transports: ["websocket"], forceNew: true });
  parts.defer(() => void socket.disconnect());
  await vi.waitFor(() => expect(socket.connected).toBe(true), 10_000);
  return socket;
};
const readiness = async ({ url }: GatewayProcess) => (await fetch(`${url}/readyz`)).status;

test("F02 SIGTERM: not ready first, sockets leave in steps and come back elsewhere, no request fails, gone within the grace", async () => {
  const sockets = await Promise.all(Array.from({ length: 40 }, () => openSocket(throughBalancer())));
  const left: { readonly at: number; readonly reason: string }[] = [];
  for (const socket of sockets) socket.on("disconnect", (reason) => left.push({ at: performance.now(), reason }));
  let sent = 0;
  let retries = 0;
  /** Tries once more when there was no answer at all, as a client does. */
  const send = async () => {
    const id = `c${sent++}`;
    try {
      return await post(throughBalancer(), id);
    } catch {
      retries++;
      return await post(throughBalancer(), id);
    }
  };
  const load = startSteadyLoad({ send }, 10);
  await vi.waitFor(() => expect(load.records.length).toBeGreaterThan(50), 10_000);

  const toldAt = performance.now();
  leaver.signal("SIGTERM");
  await vi.waitFor(async () => expect(await readiness(leaver)).toBe(503), { timeout: 2000, interval: 5 });
  // It is told to be not ready while it still serves: who asks it now is answered.
  expect(left.length).toBeLessThan(10);
  expect((await post(leaver.url, "while it leaves")).status).toBe(201);
  expect(await leaver.ended).toBe("exit code 0");
  expect(performance.now() - toldAt).toBeLessThan(graceMs + 500);

  expect(left.length).toBeGreaterThanOrEqual(20);
  expect(new Set(left.map(({ reason }) => reason))).toEqual(new Set(["transport close"]));
  expect((left.at(-1)?.at ?? 0) - (left[0]?.at ?? 0)).toBeGreaterThan(300);
  await vi.waitFor(() => expect(sockets.filter((socket) => !socket.connected)).toEqual([]), 15_000);
  const heard = sockets.map(
    (socket) =>
      new Promise(
        (resolve) =>
          void socket.on("new-message", ({ clientMessageId }) => clientMessageId === "after" && resolve(true)),
      ),
  );
  expect((await post(stayer.url, "after")).status).toBe(201);
  await Promise.all(heard);

  const records = await load.stop();
  expect(records.filter(({ status }) => status !== 201)).toEqual([]);
  expect(retries).toBeLessThan(10);
  expect(stayer.end).toBeUndefined();
  expect(await readiness(stayer)).toBe(200);
});

test("F02 SIGTERM: a write that is under way is answered, and what it wrote is there", async () => {
  await using lock = await holdLock(
    one.database.adminUrl,
    `select from sendsar.rooms where room_id = '${roomId}' for update`,
  );
  const writing = post(leaver.url, "under way");
  await lock.waitedForBy(1);
  leaver.signal("SIGTERM");
  await vi.waitFor(() => expect(readiness(leaver)).rejects.toThrow("fetch failed"), 3000);
  await lock.release();
  const answer = await writing;
  expect(answer.status).toBe(201);
  expect(await leaver.ended).toBe("exit code 0");
  const page = await createUserClient(stayer.url, token).get(`/chat/rooms/${roomId}/messages`);
  expect(page.body.messages).toEqual([answer.body]);
});

test("F02 SIGTERM: who connects to it meanwhile is sent elsewhere, not turned away for good", async () => {
  const stay = await openSocket(leaver.url);
  const many = await Promise.all(Array.from({ length: 20 }, () => openSocket(leaver.url)));
  leaver.signal("SIGTERM");
  await vi.waitFor(async () => expect(await readiness(leaver)).toBe(503), { timeout: 2000, interval: 5 });
  balancer.setTargets([leaver.port]);
  const late = io(throughBalancer(), {
    auth: { token },
    transports: ["websocket"],
    forceNew: true,
    reconnectionDelay: 50,
  });
  parts.defer(() => void late.disconnect());
  let refusals = 0;
  let attempts = 0;
  late.on("connect_error", () => late.active || refusals++);
  late.io.on("reconnect_attempt", () => attempts++);
  await vi.waitFor(() => expect(attempts).toBeGreaterThan(0), 5000);
  balancer.setTargets([stayer.port]);
  await vi.waitFor(() => expect(late.connected).toBe(true), 10_000);
  expect(refusals).toBe(0);
  for (const socket of [stay, ...many]) socket.disconnect();
});

test("F02 SIGTERM: neither a client that does not read nor one that never finishes its request holds it up", async () => {
  using deaf = await connectDeafClient(leaver.url, token);
  const unfinished = connect(leaver.port, "127.0.0.1");
  parts.defer(() => void unfinished.destroy());
  const lost = once(unfinished, "close");
  unfinished.on("error", () => undefined);
  unfinished.write(
    `POST /v1/users HTTP/1.1\r\nHost: x\r\nx-api-key: ${one.a.apiKey}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"id":`,
  );
  expect((await post(leaver.url, "behind it")).status).toBe(201);
  const toldAt = performance.now();
  leaver.signal("SIGTERM");
  expect(await leaver.ended).toBe("exit code 0");
  expect(performance.now() - toldAt).toBeLessThan(graceMs + 1000);
  await lost;
  await vi.waitFor(() => expect(deaf.isCut()).toBe(true));
});
