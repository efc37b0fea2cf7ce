import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AnotherGateway } from "../../scripts/testing/another-gateway.ts";
import { startAnotherGateway } from "../../scripts/testing/another-gateway.ts";
import type { TestSocket } from "../../scripts/testing/client.ts";
import { connectTestSocket } from "../../scripts/testing/client.ts";
import { startGatewayProcess } from "../../scripts/testing/gateway-process.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import type { RedisServer } from "../../scripts/testing/redis-server.ts";
import { startRedisServer } from "../../scripts/testing/redis-server.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";
import { openTcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { joinRedisCluster } from "../src/realtime/cluster/redis-adapter.ts";
import { createIo } from "../src/realtime/io.ts";

// FANOUT=redis-streams. These tests treat Redis badly, so they start their own.

const skipped = "SKIPPED: there is no redis-server on the PATH; nothing was tested of FANOUT=redis-streams";

let parts: AsyncDisposableStack;
let redis: RedisServer;
beforeEach(async (context) => {
  parts = new AsyncDisposableStack();
  const started = await startRedisServer();
  if (!started) {
    console.warn(skipped);
    context.skip(skipped);
    return;
  }
  redis = parts.use(started);
});
afterEach(() => parts.disposeAsync());

interface Scene {
  readonly one: TestGateway;
  readonly two: AnotherGateway;
  readonly three: AnotherGateway;
  readonly roomId: string;
  /** Sockets of ann on one gateway and of bo on another. */
  readonly ann: TestSocket;
  readonly bo: TestSocket;
  say(text: string): Promise<void>;
}

/** Two gateways over Redis, and a third over Postgres that only has the tenants. */
const createScene = async (redisUrl = redis.url): Promise<Scene> => {
  const one = parts.use(await startTestGateway());
  const over = { fanout: { kind: "redis-streams" as const, redisUrl } };
  const two = parts.use(await startAnotherGateway(one, over));
  const three = parts.use(await startAnotherGateway(one, over));
  const { api } = one.a;
  const participants = ["ann", "bo"].map((id) => ({ id, username: id }));
  const roomId = (await api.post("/chat/rooms", { name: "R", participants })).body.id;
  for (const { url } of [two, three]) await isReady(url);
  const ann = parts.use(await connectTestSocket(two.url, await mintToken(api, "ann")));
  const bo = parts.use(await connectTestSocket(three.url, await mintToken(api, "bo")));
  const say = async (text: string): Promise<void> => {
    const answer = await fetch(`${two.url}/v1/chat/rooms/${roomId}/messages`, {
      method: "POST",
      headers: { "x-api-key": one.a.apiKey, "content-type": "application/json" },
      body: JSON.stringify({ senderId: "ann", parts: [{ type: "text", text }] }),
    });
    expect(answer.status).toBe(201);
  };
  return { one, two, three, roomId, ann, bo, say };
};

const isReady = (url: string) => vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 8000);
const textsOf = (socket: TestSocket): string[] => socket.of("new-message").map(({ parts: [{ text }] }) => text);
const texts = (count: number): string[] => Array.from({ length: count }, (_, n) => `m${n}`);

describe("gateways over Redis", () => {
  test("messages, typing and presence cross, in order, without a hole", async () => {
    const { ann, bo, roomId, say } = await createScene();
    await vi.waitFor(() =>
      expect([
        ...bo.of("tenant-presence"),
        ...bo.of("tenant-presence-snapshot").flatMap(({ onlineUserIds }) => onlineUserIds),
      ]).toContain("ann"),
    );
    ann.socket.emit("typing", { roomId, isTyping: true });
    await bo.next("typing", ({ userId, isTyping }) => userId === "ann" && isTyping);
    for (const text of texts(50)) await say(text);
    await vi.waitFor(() => expect(textsOf(bo)).toEqual(texts(50)), 5000);
    expect(textsOf(ann)).toEqual(texts(50));
  });

  test("a message arrives at once, not with the next look at the log", async () => {
    const { bo, say } = await createScene();
    const delays: number[] = [];
    for (const text of texts(9)) {
      const saidAt = performance.now();
      await say(text);
      await bo.next("new-message", ({ parts: [part] }) => part.text === text);
      delays.push(performance.now() - saidAt);
    }
    expect(delays.toSorted((a, b) => a - b)[4]).toBeLessThan(300);
  });

  test("connections that Redis cuts come back, and what was said meanwhile is not missing", async () => {
    const { bo, say, two, three } = await createScene();
    for (const [round, text] of texts(30).entries()) {
      if (round % 5 === 0) {
        for (const type of ["pubsub", "normal"]) await redis.command("CLIENT", "KILL", "TYPE", type, "SKIPME", "yes");
      }
      await say(text);
    }
    await vi.waitFor(() => expect(textsOf(bo)).toEqual(texts(30)), 10_000);
    expect(bo.socket.connected).toBe(true);
    for (const { url } of [two, three]) await isReady(url);
  });

  test("Redis goes away and comes back: messages arrive all the same, gateways stay ready and idle, and hear again", async () => {
    const { bo, say, two, three } = await createScene();
    await redis.kill();
    const cpu = process.cpuUsage();
    for (const text of texts(5)) await say(text);
    await vi.waitFor(() => expect(textsOf(bo)).toEqual(texts(5)), 5000);
    await wait(1500);
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1000).toBeLessThan(2000);
    for (const { url } of [two, three]) await isReady(url);
    await redis.restart();
    const subscribers = async () => (await redis.command("PUBSUB", "CHANNELS")).match(/#\/#\r\n/g)?.length ?? 0;
    await vi.waitFor(async () => expect(await subscribers()).toBeGreaterThan(0), 6000);
    await say("back");
    await vi.waitFor(() => expect(textsOf(bo).at(-1)).toBe("back"), 3000);
  });

  test("a gateway that is told to stop while Redis does not answer is gone within its grace", async () => {
    const one = parts.use(await startTestGateway());
    const network = parts.use(await openTcpSwitch([redis.port]));
    const env = { FANOUT: "redis-streams", REDIS_URL: `redis://127.0.0.1:${network.port}`, SHUTDOWN_GRACE_MS: "2000" };
    const subject = parts.use(await startGatewayProcess(one, env));
    await isReady(subject.url);
    network.stall();
    const toldAt = performance.now();
    subject.signal("SIGTERM");
    expect(await subject.ended).toBe("exit code 0");
    expect(performance.now() - toldAt).toBeLessThan(3000);
  });
});

describe("the adapter's defects, on the bare one and on ours", () => {
  /** A server joined by our cluster, in this process. */
  const join = (redisUrl = redis.url) => {
    const io = createIo(["websocket"]);
    let listenings = 0;
    const errors: string[] = [];
    const options = {
      redisUrl,
      channelPrefix: "test",
      onListening: () => void listenings++,
      onError: ({ message }: Error) => void errors.push(message),
      probeMs: 300,
    };
    const cluster = joinRedisCluster(io, options);
    parts.defer(() => io.of("/").adapter.close());
    parts.use(cluster);
    return { io, cluster, errors, listenings: () => listenings };
  };
  const startBare = async () => {
    const bare = fork(new URL("fixtures/bare-redis-process.ts", import.meta.url), [redis.url], {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    parts.defer(() => void bare.kill("SIGKILL"));
    await once(bare, "message");
    return bare;
  };
  const refusedReads = async (): Promise<number> => {
    const stats = await redis.command("INFO", "commandstats");
    return Number(/cmdstat_xread:.*rejected_calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };

  test("RS01 a stream that may not be read is read again without a pause", async () => {
    const { cluster, errors } = join();
    await vi.waitFor(() => expect(cluster.isListening()).toBe(true), 5000);
    await redis.command("ACL", "SETUSER", "default", "-xread");
    await vi.waitFor(async () => expect(await refusedReads()).toBeGreaterThan(0), 8000);
    const before = await refusedReads();
    await wait(2000);
    expect((await refusedReads()) - before).toBeLessThan(5);
    expect(errors.join()).toContain("NOPERM");
    expect(cluster.isListening()).toBe(true);

    await startBare();
    await vi.waitFor(async () => expect((await refusedReads()) - before).toBeGreaterThan(1000), 8000);
  });

  test("RS02 a connection that breaks while something is published ends the process", async () => {
    const { io, cluster } = join();
    await vi.waitFor(() => expect(cluster.isListening()).toBe(true), 5000);
    const bare = await startBare();
    const ended = once(bare, "exit");
    const talk = setInterval(() => void io.serverSideEmit("said" as never), 10);
    parts.defer(() => clearInterval(talk));
    // Paused, so that what is published is on its way when the connection breaks; the pause itself is not answered.
    const paused = redis.command("CLIENT", "PAUSE", "5000", "ALL").catch((error: unknown) => error);
    await wait(500);
    await redis.kill();
    await paused;
    const [code] = await ended;
    expect(code).toBe(1);
    await redis.restart();
    await vi.waitFor(() => expect(cluster.isListening()).toBe(true), 8000);
    expect(cluster.counts().dropped).toBeGreaterThan(0);
  });

  test("RS03 a connection that has gone silent is found out, and replaced", async () => {
    const network = parts.use(await openTcpSwitch([redis.port]));
    const { cluster, listenings } = join(`redis://127.0.0.1:${network.port}`);
    await vi.waitFor(() => expect(listenings()).toBe(1), 5000);
    network.forget();
    await vi.waitFor(() => expect(cluster.counts().losses).toBeGreaterThan(0), 10_000);
    await vi.waitFor(() => expect(cluster.isListening()).toBe(true), 10_000);
    expect(listenings()).toBeGreaterThan(1);
  });

  test("RS04 a Redis that is not there at the start is waited for, without an end of the process", async () => {
    await redis.kill();
    const { cluster, errors } = join();
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(2), 5000);
    expect([cluster.isListening(), cluster.isReady()]).toEqual([false, false]);
    await redis.restart();
    await vi.waitFor(() => expect([cluster.isListening(), cluster.isReady()]).toEqual([true, true]), 8000);
    await redis.kill();
    await vi.waitFor(() => expect([cluster.isListening(), cluster.isReady()]).toEqual([false, true]), 5000);
  });
});
