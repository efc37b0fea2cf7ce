import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { connectTestSocket, createUserClient } from "../../scripts/testing/client.ts";
import { createTestConfig } from "../../scripts/testing/gateway-config.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";
import type { TcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { openTcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { freePort } from "../../scripts/process/ports.ts";
import { createGateway } from "../src/gateway.ts";
import { metrics } from "../src/telemetry/metrics.ts";

let gateway: TestGateway;
let admin: string;
beforeAll(async () => {
  gateway = await startTestGateway({ config: { adminPort: 0 } });
  admin = `http://127.0.0.1:${gateway.gateway.adminPort}`;
});
afterAll(() => gateway[Symbol.asyncDispose]());

const statusesOf = async (origin: string): Promise<Record<string, number>> =>
  Object.fromEntries(
    await Promise.all(
      ["livez", "startupz", "readyz", "metrics"].map(async (path) => [path, (await fetch(`${origin}/${path}`)).status]),
    ),
  );

/** Samples by name and labels, as Prometheus reads them. */
const scrape = async (origin: string): Promise<ReadonlyMap<string, number>> => {
  const response = await fetch(`${origin}/metrics`);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const samples = (await response.text()).matchAll(/^([a-z_]+(?:\{[^}]*\})?) (\S+)$/gm);
  return new Map([...samples].map(([, name = "", value]) => [name, Number(value)]));
};

describe("the admin port", () => {
  test("§2.7 answers probes and metrics, and nothing else; the public port knows none of them but its own", async () => {
    await vi.waitFor(async () => {
      expect(await statusesOf(admin)).toEqual({ livez: 200, startupz: 200, readyz: 200, metrics: 200 });
    }, 5000);
    expect((await fetch(`${admin}/livez`, { method: "HEAD" })).status).toBe(200);
    for (const path of ["/", "/v1/users", "/healthz", "/livez/", "/constructor", "/socket.io/"]) {
      expect((await fetch(admin + path)).status, path).toBe(404);
    }
    expect((await fetch(`${admin}/livez`, { method: "POST" })).status).toBe(404);
    for (const path of ["/livez", "/startupz", "/metrics"]) expect((await fetch(gateway.url + path)).status).toBe(404);
    for (const path of ["/healthz", "/readyz"]) expect((await fetch(gateway.url + path)).status).toBe(200);
  });

  test("is not there when it was not asked for", async () => {
    const peer = await gateway.startPeer();
    const plain = await createGateway(
      createTestConfig({ databaseUrl: gateway.database.gatewayUrl, masterKey: gateway.masterKey }),
      { logger: pino({ level: "silent" }) },
    );
    expect(plain.adminPort).toBeUndefined();
    expect(peer.gateway.adminPort).not.toBe(gateway.gateway.adminPort);
    await plain.stop();
  });

  test("in use by somebody else: the gateway does not start, says why, and leaves nothing open", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port: adminPort } = other.address() as AddressInfo;
    const config = createTestConfig({
      databaseUrl: gateway.database.gatewayUrl,
      masterKey: gateway.masterKey,
      adminPort,
    });
    await expect(createGateway(config, { logger: pino({ level: "silent" }) })).rejects.toThrow(/EADDRINUSE/);
    other.close();
  });
});

describe("probes while the database is away", () => {
  const startVia = (line: TcpSwitch, adminPort: number, onWarning: () => void = () => undefined) => {
    const databaseUrl = Object.assign(new URL(gateway.database.gatewayUrl), { host: `127.0.0.1:${line.port}` }).href;
    return createGateway(createTestConfig({ databaseUrl, masterKey: gateway.masterKey, adminPort }), {
      logger: pino({ level: "warn" }, { write: onWarning }),
    });
  };

  test("§2.7 who waits for it at the start is alive and not started; who loses it later is alive and not ready", async () => {
    await using line = await openTcpSwitch([]);
    const adminPort = await freePort();
    const origin = `http://127.0.0.1:${adminPort}`;
    const waiting = Promise.withResolvers<void>();
    const starting = startVia(line, adminPort, waiting.resolve);
    await waiting.promise;
    expect(await statusesOf(origin)).toEqual({ livez: 200, startupz: 503, readyz: 503, metrics: 503 });
    line.setTargets([Number(new URL(gateway.database.gatewayUrl).port)]);
    await using _started = await starting;
    await vi.waitFor(async () => expect((await fetch(`${origin}/readyz`)).status).toBe(200), 5000);
    line.setTargets([]);
    line.cut();
    await vi.waitFor(async () => {
      expect(await statusesOf(origin)).toEqual({ livez: 200, startupz: 200, readyz: 503, metrics: 200 });
    }, 5000);
  });
});

describe("metrics", () => {
  test("§1.3 are those of the table, each with its sentence, and no others", async () => {
    await gateway.a.api.get("/users");
    const text = await (await fetch(`${admin}/metrics`)).text();
    const told = [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name, sentence]) => [name, sentence]);
    expect(told).toEqual(Object.entries(metrics).map(([name, { sentence }]) => [name, sentence]));
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
    expect(types).toEqual(Object.entries(metrics).map(([name, { type }]) => [name, type]));
    for (const [name, { type }] of Object.entries(metrics)) {
      expect(text, name).toMatch(new RegExp(`^${name}(\\{.*\\})? [0-9.e+-]+$`, "m"));
      expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"]);
    }
  });

  test("count what happens: sockets, messages, deliveries, requests", async () => {
    for (const id of ["ann", "bo"]) await gateway.a.api.post("/users", { id, username: id });
    const room = (await gateway.a.api.post("/chat/rooms", { name: "R", participants: [{ id: "ann" }, { id: "bo" }] }))
      .body;
    const tokens = [await mintToken(gateway.a.api, "ann"), await mintToken(gateway.a.api, "bo")];
    const before = await scrape(admin);
    const sockets = await Promise.all(tokens.map((token) => connectTestSocket(gateway.url, token)));
    const api = createUserClient(gateway.url, tokens[0] ?? "");
    for (const text of ["one", "two", "three"]) {
      await api.post(`/chat/rooms/${room.id}/messages`, { parts: [{ type: "text", text }] });
    }
    await api.get("/chat/rooms/nothing");
    await Promise.all(
      sockets.map((socket) => socket.next("new-message", ({ previewText }) => previewText === "three")),
    );
    sockets[0]?.socket.emit("resume", { rooms: { [room.id]: 0 } });
    await sockets[0]?.next("resumed");
    const after = await scrape(admin);
    const rise = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    expect(rise("chat_gateway_connections")).toBe(2);
    expect(rise("chat_gateway_connects_total")).toBe(2);
    expect(rise("chat_gateway_messages_committed_total")).toBe(3);
    // Three messages to two sockets, and what they were told of each other.
    expect(rise("chat_gateway_deliveries_total")).toBeGreaterThanOrEqual(6 + 2);
    expect(rise("chat_gateway_catch_ups_total")).toBe(1);
    const route = 'route="/v1/chat/rooms/:roomId/messages"';
    expect(rise(`chat_gateway_http_requests_total{method="POST",${route},status="2xx"}`)).toBe(3);
    expect(rise('chat_gateway_http_requests_total{method="GET",route="/v1/chat/rooms/:roomId",status="4xx"}')).toBe(1);
    expect(rise(`chat_gateway_http_request_seconds_total{method="POST",${route}}`)).toBeGreaterThan(0);
    expect(rise('process_cpu_seconds_total{mode="user"}')).toBeGreaterThan(0);
    expect(after.get("process_resident_memory_bytes")).toBeGreaterThan(20_000_000);
    expect(after.get("chat_gateway_writer_queue")).toBe(0);
    expect(after.get('chat_gateway_event_loop_delay_seconds{quantile="1"}')).toBeLessThan(5);
    for (const socket of sockets) socket.socket.disconnect();
    await vi.waitFor(async () => expect((await scrape(admin)).get("chat_gateway_connections")).toBe(0), 5000);
  });

  test("K02 tell nothing of tenants, users or secrets", async () => {
    const text = await (await fetch(`${admin}/metrics`)).text();
    for (const secret of [gateway.a.apiKey, gateway.masterKey, "ann", gateway.database.name]) {
      expect(text).not.toContain(secret);
    }
    expect(text).not.toMatch(/tenant(_id)?="/);
  });
});
