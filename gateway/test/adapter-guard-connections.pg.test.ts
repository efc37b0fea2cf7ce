import { fork } from "node:child_process";
import { once } from "node:events";
import { io as openClient } from "socket.io-client";
import { expect, test, vi } from "vitest";
import { connectTestSocket } from "../../scripts/testing/client.ts";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { startGatewayProcess } from "../../scripts/testing/gateway-process.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { holdLock } from "../../scripts/testing/hold-lock.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";
import type { TcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { openTcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { startAnotherGateway } from "../../scripts/testing/another-gateway.ts";
import { startBareNode } from "./fixtures/bare-node.ts";

// What becomes of the connections on which nodes listen: each scenario runs on the bare adapter, where it shows the
// defect, and on our gateways, where it does not (docs/decisions/0005-guarded-adapter.md).

const isListener = "query ilike 'listen%' or application_name = 'sendsar-listener'";
const terminateListeners = ({ adminUrl }: TestDatabase) =>
  runOn<{ pid: number }>(
    adminUrl,
    `select pid, pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and (${isListener})`,
  );
/** The same database, by way of a switch. */
const through = ({ port }: TcpSwitch, databaseUrl: string): string =>
  Object.assign(new URL(databaseUrl), { host: `127.0.0.1:${port}` }).href;
const switchTo = (databaseUrl: string): Promise<TcpSwitch> => openTcpSwitch([Number(new URL(databaseUrl).port)]);

test("AD01 the process ends when its LISTEN connection is lost", async () => {
  await using gateway = await startTestGateway();
  const breakIt = (): Promise<void> =>
    vi.waitFor(async () => expect((await terminateListeners(gateway.database)).length).toBeGreaterThan(0), 5000);

  const bare = fork(new URL("fixtures/bare-process.ts", import.meta.url), [gateway.database.adminUrl], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let words = "";
  bare.stderr?.setEncoding("utf8").on("data", (chunk: string) => (words += chunk));
  const ended = once(bare, "exit");
  await once(bare, "message");
  await vi.waitFor(async () => {
    const rows = await runOn(
      gateway.database.adminUrl,
      "select from pg_stat_activity where datname = current_database() and application_name = 'bare-adapter' and query ilike 'listen%'",
    );
    expect(rows).toHaveLength(1);
  }, 5000);
  await breakIt();
  const [code] = await ended;
  expect(code).not.toBe(0);
  expect(words).toContain("Unhandled 'error' event");

  await using guarded = await startGatewayProcess(gateway);
  const token = await mintGuest(gateway);
  using socket = await connectTestSocket(guarded.url, token);
  for (let round = 0; round < 5; round++) await breakIt();
  await vi.waitFor(async () => expect((await fetch(`${guarded.url}/readyz`)).status).toBe(200), 5000);
  expect(guarded.end).toBeUndefined();
  expect(socket.socket.connected).toBe(true);
});

test("AD02 each lost LISTEN connection costs a slot of the pool, until none is left", async () => {
  await using database = await createTestDatabase();
  const drops = 2;
  await using bare = await startBareNode({ databaseUrl: database.adminUrl, poolMax: 1 + drops, survives: true });
  for (let drop = 0; drop < drops; drop++) {
    // It comes back by itself, after 1 to 3 seconds.
    await vi.waitFor(async () => expect((await terminateListeners(database)).length).toBeGreaterThan(0), 8000);
  }
  await vi.waitFor(async () => {
    expect(
      await runOn(
        database.adminUrl,
        `select from pg_stat_activity where datname = current_database() and (${isListener}) and pid <> pg_backend_pid()`,
      ),
    ).toHaveLength(1);
  }, 8000);
  // One connection listens, and the others are dead and still counted: nothing is left for a query.
  const { pool } = bare;
  await vi.waitFor(() => expect([pool.totalCount, pool.idleCount]).toEqual([1 + drops, 0]), 8000);

  await using gateway = await startTestGateway();
  const connectionsOf = async (name: string) =>
    (
      await runOn(
        gateway.database.adminUrl,
        `select from pg_stat_activity where datname = current_database() and application_name = '${name}'`,
      )
    ).length;
  for (let drop = 0; drop < 5; drop++) {
    await vi.waitFor(async () => expect((await terminateListeners(gateway.database)).length).toBeGreaterThan(0), 8000);
  }
  await vi.waitFor(async () => {
    expect([await connectionsOf("sendsar-listener"), await connectionsOf("sendsar-publisher")]).toEqual([1, 1]);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  }, 8000);
  expect(await connectionsOf("sendsar-gateway")).toBeLessThanOrEqual(4);
});

test("AD10 clients are let in before the node listens, and miss what is said until then", async () => {
  await using database = await createTestDatabase();
  await using network = await switchTo(database.adminUrl);
  network.stall();
  await using speaker = await startBareNode({ databaseUrl: database.adminUrl });
  await using deaf = await startBareNode({ databaseUrl: through(network, database.adminUrl) });
  const client = openClient(deaf.url, { transports: ["websocket"], forceNew: true });
  await once(client as never, "connect");
  const heard: string[] = [];
  client.onAny((event: string) => heard.push(event));
  // A node tells its own clients once the others have been told.
  const near = openClient(speaker.url, { transports: ["websocket"], forceNew: true });
  await once(near as never, "connect");
  speaker.io.emit("early");
  await once(near as never, "early");
  network.resume();
  await vi.waitFor(() => {
    speaker.io.emit("late");
    expect(heard).toContain("late");
  }, 8000);
  expect(heard).not.toContain("early");
  for (const socket of [client, near]) socket.disconnect();

  await using one = await startTestGateway();
  await using line = await switchTo(one.database.gatewayUrl);
  line.stall();
  await using two = await startAnotherGateway(one, {
    fanout: { kind: "postgres", databaseUrl: through(line, one.database.gatewayUrl) },
  });
  // No balancer sends anybody here yet; who comes all the same misses nothing.
  expect((await fetch(`${two.url}/readyz`)).status).toBe(503);
  const token = await mintGuest(one);
  const room = await one.a.api.post("/chat/rooms", { name: "R", participants: [{ id: "guest" }] });
  using guest = await connectTestSocket(two.url, token);
  const said = await one.a.api.post(`/chat/rooms/${room.body.id}/messages`, {
    senderId: "guest",
    parts: [{ type: "text", text: "early" }],
  });
  expect((await guest.next("new-message")).id).toBe(said.body.id);
  line.resume();
  await vi.waitFor(async () => expect((await fetch(`${two.url}/readyz`)).status).toBe(200), 8000);
});

test("AD11 a connection that has gone silent is taken for a quiet one, for ever", async () => {
  await using one = await startTestGateway();
  await using line = await switchTo(one.database.gatewayUrl);
  await using two = await startAnotherGateway(one, {
    fanout: { kind: "postgres", databaseUrl: through(line, one.database.gatewayUrl) },
  });
  await using wire = await switchTo(one.database.adminUrl);
  await using speaker = await startBareNode({ databaseUrl: one.database.adminUrl });
  await using deaf = await startBareNode({ databaseUrl: through(wire, one.database.adminUrl), survives: true });
  const client = openClient(deaf.url, { transports: ["websocket"], forceNew: true });
  const heard: string[] = [];
  client.onAny((event: string) => heard.push(event));
  await vi.waitFor(() => {
    speaker.io.emit("before");
    expect(heard).toContain("before");
  }, 8000);
  await vi.waitFor(async () => expect((await fetch(`${two.url}/readyz`)).status).toBe(200), 8000);
  const room = await one.a.api.post("/chat/rooms", { name: "R", participants: [{ id: "guest" }] });
  using guest = await connectTestSocket(two.url, await mintGuest(one));

  for (const network of [line, wire]) network.forget();
  const say = async (text: string): Promise<void> => {
    speaker.io.emit(text);
    const { status } = await one.a.api.post(`/chat/rooms/${room.body.id}/messages`, {
      senderId: "guest",
      parts: [{ type: "text", text }],
    });
    expect(status).toBe(201);
  };
  const heardByGuest = () => guest.of("new-message").map(({ parts: [{ text }] }) => text);
  await say("silence");
  // Ours finds out by the probe that it sends to itself, and connects anew; nothing that was said meanwhile is missing.
  await vi.waitFor(() => expect(two.log.join("\n")).toContain("a probe did not come back"), 15_000);
  await vi.waitFor(async () => expect((await fetch(`${two.url}/readyz`)).status).toBe(200), 5000);
  await say("after");
  await vi.waitFor(() => expect(heardByGuest()).toEqual(["silence", "after"]), 5000);
  // The bare one has had as long, the network has been fine for new connections all the time, and it hears nothing.
  expect(heard.filter((event) => event !== "before")).toEqual([]);
  client.disconnect();
  wire.cut();
}, 40_000);

test("AD12 what is said waits behind slow queries of the same pool, also for clients of the same node", async () => {
  await using database = await createTestDatabase();
  const slowMs = 1500;
  await using bare = await startBareNode({ databaseUrl: database.adminUrl, poolMax: 2 });
  const client = openClient(bare.url, { transports: ["websocket"], forceNew: true });
  await once(client as never, "connect");
  await vi.waitFor(
    async () =>
      expect(
        await runOn(
          database.adminUrl,
          "select from pg_stat_activity where datname = current_database() and query ilike 'listen%' and application_name = 'bare-adapter'",
        ),
      ).toHaveLength(1),
    5000,
  );
  const slow = bare.pool.query(`select pg_sleep(${slowMs / 1000})`);
  const saidAt = performance.now();
  bare.io.emit("said");
  await once(client as never, "said");
  expect(performance.now() - saidAt).toBeGreaterThan(slowMs * 0.8);
  await slow;
  client.disconnect();

  await using one = await startTestGateway();
  const two = await one.startPeer();
  const room = await one.a.api.post("/chat/rooms", { name: "R", participants: [{ id: "guest" }, { id: "other" }] });
  using speaker = await connectTestSocket(one.url, await mintGuest(one));
  using listener = await connectTestSocket(two.url, await mintToken(one.a.api, "other"));
  // All connections of the speaker's gateway wait for this lock: more calls than its pool has.
  await using lock = await holdLock(one.database.adminUrl, "lock table sendsar.rooms in access exclusive mode");
  const blocked = Promise.all(Array.from({ length: 8 }, () => one.a.api.get(`/chat/rooms/${room.body.id}`)));
  await lock.waitedForBy(4);
  const typedAt = performance.now();
  speaker.socket.emit("typing", { roomId: room.body.id, isTyping: true });
  await listener.next("typing");
  expect(performance.now() - typedAt).toBeLessThan(slowMs * 0.8);
  await lock.release();
  await blocked;
});

/** Makes a user and signs it in. */
const mintGuest = async ({ a }: TestGateway): Promise<string> => {
  await a.api.post("/users", { id: "guest", username: "Guest" });
  return await mintToken(a.api, "guest");
};
