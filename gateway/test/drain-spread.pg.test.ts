import type { Socket } from "socket.io-client";
import { io } from "socket.io-client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createUserClient } from "../../scripts/testing/client.ts";
import { createTestBoundLogin } from "../../scripts/testing/dedicated-gateway.ts";
import type { GatewayProcess } from "../../scripts/testing/gateway-process.ts";
import { startGatewayProcess } from "../../scripts/testing/gateway-process.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";
import type { TcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { openTcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { freePort } from "../../scripts/process/ports.ts";
import { deriveTenantKey } from "../src/auth/key-ring.ts";

// A dedicated gateway as it runs in a pod: told to stop, or to let its sockets go by and by. Two processes behind a balancer.

const spreadMs = 3000;
let parts: AsyncDisposableStack;
let one: TestGateway;
let token: string;
let roomId: string;
let env: Readonly<Record<string, string>>;
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  one = parts.use(await startTestGateway());
  const { databaseUrl } = parts.use(await createTestBoundLogin(one, "a"));
  env = {
    DATABASE_URL: databaseUrl,
    MASTER_KEY: "",
    TENANT_ID: "a",
    TENANT_KEY: deriveTenantKey(one.masterKey, "a"),
    SOCKET_TRANSPORTS: "websocket",
  };
  await one.a.api.post("/users", { id: "ann", username: "ann" });
  roomId = (await one.a.api.post("/chat/rooms", { name: "R", participants: [{ id: "ann" }] })).body.id;
  token = await mintToken(one.a.api, "ann");
});
afterEach(() => parts.disposeAsync());

const start = async (more: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> =>
  parts.use(await startGatewayProcess(one, { ...env, ...more }));
const openSocket = async (url: string): Promise<Socket> => {
  const socket = io(url, { auth: { token }, transports: ["websocket"], forceNew: true, reconnectionDelay: 50 });
  parts.defer(() => void socket.disconnect());
  await vi.waitFor(() => expect(socket.connected).toBe(true), 10_000);
  return socket;
};
const balanced = async (...gateways: readonly GatewayProcess[]): Promise<TcpSwitch & { readonly url: string }> => {
  const balancer = parts.use(await openTcpSwitch(gateways.map(({ port }) => port)));
  return Object.assign(balancer, { url: `http://127.0.0.1:${balancer.port}` });
};
const post = (url: string, clientMessageId: string) =>
  createUserClient(url, token).post(`/chat/rooms/${roomId}/messages`, {
    clientMessageId,
    parts: [{ type: "text", text: clientMessageId }],
  });

test("§1.4 drain: not ready at once, sockets go evenly over DRAIN_SPREAD_SECONDS, writes finish, and it is gone soon after", async () => {
  const adminPort = await freePort();
  const [leaver, stayer] = await Promise.all([
    start({ DRAIN_SPREAD_SECONDS: String(spreadMs / 1000), ADMIN_PORT: String(adminPort) }),
    start(),
  ]);
  const balancer = await balanced(leaver);
  const sockets = await Promise.all(Array.from({ length: 60 }, () => openSocket(balancer.url)));
  balancer.setTargets([stayer.port]);
  const left: { readonly at: number; readonly reason: string }[] = [];
  for (const socket of sockets) socket.on("disconnect", (reason) => left.push({ at: performance.now(), reason }));

  const toldAt = performance.now();
  leaver.signal("SIGTERM");
  const admin = `http://127.0.0.1:${adminPort}`;
  await vi.waitFor(async () => expect((await fetch(`${admin}/readyz`)).status).toBe(503), { interval: 5 });
  expect(performance.now() - toldAt).toBeLessThan(1000);
  expect((await fetch(`${leaver.url}/readyz`)).status).toBe(503);
  // It is alive all the while, or it would be killed, and says what it is about.
  expect((await fetch(`${admin}/livez`)).status).toBe(200);
  expect(await (await fetch(`${admin}/metrics`)).text()).toMatch(/^chat_gateway_stopping 1$/m);
  const late = io(leaver.url, { auth: { token }, transports: ["websocket"], forceNew: true, reconnection: false });
  parts.defer(() => void late.disconnect());
  await new Promise((resolve) => {
    late.on("connect_error", resolve);
    late.on("disconnect", resolve);
  });
  expect((await post(leaver.url, "while it leaves")).status).toBe(201);
  expect(await leaver.ended).toBe("exit code 0");
  const took = performance.now() - toldAt;
  expect(took).toBeGreaterThan(spreadMs * 0.9);
  expect(took).toBeLessThan(spreadMs + 2000);

  expect(left).toHaveLength(60);
  // A lost connection is what published clients come back after.
  expect(new Set(left.map(({ reason }) => reason))).toEqual(new Set(["transport close"]));
  const sixths = Map.groupBy(left, ({ at }) => Math.min(5, Math.floor(((at - toldAt) / spreadMs) * 6)));
  for (const [sixth, gone] of sixths) expect(gone.length, `sixth ${sixth}`).toBeLessThanOrEqual(60 / 4);
  expect(sixths.size).toBe(6);
  await vi.waitFor(() => expect(sockets.filter((socket) => !socket.connected)).toEqual([]), 10_000);
  expect((await post(stayer.url, "after")).status).toBe(201);
});

test("§1.4 CONNECTION_AGE_MAX_SECONDS: old sockets go and come back to a gateway that was started since, and miss nothing", async () => {
  const [first, second] = await Promise.all([start({ CONNECTION_AGE_MAX_SECONDS: "3" }), start()]);
  const balancer = await balanced(first);
  const sockets = await Promise.all(Array.from({ length: 10 }, () => openSocket(balancer.url)));
  const reasons: string[] = [];
  for (const socket of sockets) socket.on("disconnect", (reason) => reasons.push(reason));
  balancer.setTargets([second.port]);
  await vi.waitFor(() => expect(reasons.length).toBeGreaterThanOrEqual(10), 15_000);
  await vi.waitFor(() => expect(sockets.filter((socket) => !socket.connected)).toEqual([]), 10_000);
  expect(new Set(reasons)).toEqual(new Set(["transport close"]));
  const heard = sockets.map((socket) => new Promise((resolve) => void socket.once("new-message", resolve)));
  expect((await post(second.url, "to all")).status).toBe(201);
  await Promise.all(heard);
  expect(first.end).toBeUndefined();
});
