import { gzipSync } from "node:zlib";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { openRawConnection } from "../../scripts/testing/raw-connection.ts";
import { rawRequest } from "../../scripts/testing/raw-request.ts";
import { expectNoInsides } from "../../scripts/testing/refusals.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Threats to the HTTP side below the calls: heads, framing, connections, and what is served beside the API.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(async () => {
  expect(loggedFailures(gateway)).toEqual([]);
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
});

const lines = (...all: readonly string[]): string => `${all.join("\r\n")}\r\n\r\n`;

/** Sends bytes on a connection of their own; answers the status of the first answer and how many came. */
const answersTo = async (bytes: string): Promise<{ readonly status: number; readonly count: number }> => {
  using connection = await openRawConnection(gateway.url);
  connection.write(bytes);
  await connection.closed;
  const statuses = [...connection.received().matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
  expectNoInsides(connection.received());
  return { status: statuses[0] ?? 0, count: statuses.length };
};

test("H07 a compressed body is not opened, whatever is in it", async () => {
  const bomb = gzipSync(Buffer.alloc(20_000_000, " "));
  expect(bomb.length).toBeLessThan(limits.bodyBytesMax);
  for (const encoding of ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x"]) {
    const answer = await fetch(`${gateway.url}/v1/users`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": encoding, "x-api-key": gateway.a.apiKey },
      body: bomb,
    });
    expect([encoding, answer.status]).toEqual([
      encoding,
      expect.toSatisfy((status) => status === 400 || status === 415),
    ]);
  }
});

describe("H10 heads that are too large", () => {
  const cases: readonly (readonly [string, string, readonly number[]])[] = [
    ["a path of 64 KB", lines(`GET /v1/${"x".repeat(65_536)} HTTP/1.1`, "Host: x", "Connection: close"), [414, 431]],
    [
      "a path parameter beyond its limit",
      lines(`GET /v1/chat/rooms/${"x".repeat(limits.pathParamCharsMax + 1)} HTTP/1.1`, "Host: x", "Connection: close"),
      [414],
    ],
    ["a header of 64 KB", lines("GET /healthz HTTP/1.1", "Host: x", `X-Long: ${"x".repeat(65_536)}`), [431]],
    [
      "a thousand headers of 64 bytes",
      lines("GET /healthz HTTP/1.1", "Host: x", ...Array.from({ length: 1000 }, (_, n) => `X-${n}: ${"x".repeat(64)}`)),
      [431],
    ],
  ];
  test.each(cases)("H10 %s: refused and closed", async (_name, bytes, statuses) => {
    const { status, count } = await answersTo(bytes);
    expect(statuses).toContain(status);
    expect(count).toBe(1);
  });
});

describe("H11 a request that two servers would cut differently", () => {
  const smuggled = lines("GET /v1/smuggled HTTP/1.1", "Host: x");
  const post = (...headers: readonly string[]): string =>
    lines("POST /v1/users HTTP/1.1", "Host: x", "Content-Type: application/json", ...headers);
  const cases: readonly (readonly [string, string])[] = [
    [
      "Content-Length and Transfer-Encoding",
      post("Content-Length: 4", "Transfer-Encoding: chunked") + `0\r\n\r\n${smuggled}`,
    ],
    [
      "Transfer-Encoding and Content-Length",
      post("Transfer-Encoding: chunked", "Content-Length: 4") + `0\r\n\r\n${smuggled}`,
    ],
    ["two different Content-Lengths", post("Content-Length: 2", "Content-Length: 40") + `{}${smuggled}`],
    ["a list of Content-Lengths", post("Content-Length: 2, 40") + `{}${smuggled}`],
    ["a signed Content-Length", post("Content-Length: +2") + `{}${smuggled}`],
    ["a hexadecimal Content-Length", post("Content-Length: 0x2") + `{}${smuggled}`],
    ["chunked, identity", post("Transfer-Encoding: chunked, identity") + `0\r\n\r\n${smuggled}`],
    ["a Transfer-Encoding that is none", post("Transfer-Encoding: xchunked") + `0\r\n\r\n${smuggled}`],
    ["a blank before the colon", post("Transfer-Encoding : chunked") + `0\r\n\r\n${smuggled}`],
    ["a folded header", post("Transfer-Encoding:", " chunked") + `0\r\n\r\n${smuggled}`],
    ["bare line feeds", `POST /v1/users HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}${smuggled}`],
    ["a chunk size that is none", post("Transfer-Encoding: chunked") + `zz\r\n{}\r\n0\r\n\r\n${smuggled}`],
    [
      "a chunk size that is too large",
      post("Transfer-Encoding: chunked") + `fffffffffffffffff\r\n{}\r\n0\r\n\r\n${smuggled}`,
    ],
    ["a carriage return in a header", post("X-Odd: a\rTransfer-Encoding: chunked") + smuggled],
    ["no Host", `POST /v1/users HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}${smuggled}`],
  ];
  test.each(cases)("H11 %s: 400, closed, and what follows is no request", async (_name, bytes) => {
    const seen = gateway.log.length;
    expect(await answersTo(bytes)).toEqual({ status: 400, count: 1 });
    expect(gateway.log.slice(seen).filter((line) => line.includes("smuggled"))).toEqual([]);
  });
});

describe("H09 H13 many requests, and who does not read the answers", () => {
  const health = (...more: readonly string[]): string => lines("GET /healthz HTTP/1.1", "Host: x", ...more);

  test("H09 as many requests at once on one connection as may wait are answered, each once", async () => {
    using connection = await openRawConnection(gateway.url);
    connection.write(health().repeat(limits.pipelinedRequestsMax - 1) + health("Connection: close"));
    await connection.closed;
    expect(connection.received().match(/HTTP\/1\.1 200 /g)).toHaveLength(limits.pipelinedRequestsMax);
  });

  test("H09 1,000 idle connections keep nobody waiting", async () => {
    using stack = new DisposableStack();
    const idle = await Promise.all(
      Array.from({ length: 1000 }, async () => stack.use(await openRawConnection(gateway.url))),
    );
    const startedAt = performance.now();
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await gateway.a.api.get("/chat/rooms")).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(idle.every((connection) => connection.received() === "")).toBe(true);
  });

  test("H09 beyond as many connections as a gateway may have one is closed at once, and comes in when another has gone", async () => {
    const peer = await gateway.startPeer({ connectionsMax: 50 });
    using stack = new DisposableStack();
    const held = await Promise.all(
      Array.from({ length: 50 }, async () => stack.use(await openRawConnection(peer.url))),
    );
    // Each of them was taken in, and not only by the system.
    for (const connection of held) connection.write(health());
    await vi.waitFor(() =>
      expect(held.every((connection) => connection.received().startsWith("HTTP/1.1 200"))).toBe(true),
    );
    using refused = await openRawConnection(peer.url);
    await refused.closed;
    expect(refused.received()).toBe("");
    held[0]?.[Symbol.dispose]();
    await vi.waitFor(async () => expect((await fetch(`${peer.url}/healthz`)).status).toBe(200), 5000);
  });

  test("H09 H13 a thousand requests for a large page whose answers are not read: cut, and others are served", async () => {
    const ann = await createTestUser(gateway, gateway.a);
    const { id: roomId } = await createTestRoom(gateway.a, [ann]);
    await Promise.all(Array.from({ length: 100 }, () => ann.send(roomId, "x".repeat(limits.messageTextCharsMax))));
    const path = `/v1/chat/rooms/${roomId}/messages?limit=100`;
    const page = await rawRequest(gateway.url, { path, headers: [["authorization", `Bearer ${ann.token}`]] });
    expect(page.text.length).toBeGreaterThan(1_000_000);
    const served = (): number =>
      gateway.log.filter((line) => line.includes("/messages") && line.includes('"GET"')).length;
    const before = served();
    using deaf = await openRawConnection(gateway.url, { read: false });
    deaf.write(lines(`GET ${path} HTTP/1.1`, "Host: x", `Authorization: Bearer ${ann.token}`).repeat(1000));
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async () => (await gateway.a.api.get("/chat/rooms")).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    await deaf.closed;
    expect(served() - before).toBeLessThanOrEqual(limits.pipelinedRequestsMax);
  });
});

test("H22 beside the API there is what is meant for everybody: no metrics, and health says nothing but that", async () => {
  const { url } = gateway;
  const read = async (path: string) => {
    const answer = await fetch(`${url}${path}`);
    return [answer.status, await answer.text()] as const;
  };
  expect(await read("/healthz")).toEqual([200, '{"status":"ok"}']);
  await vi.waitFor(async () => expect((await read("/readyz"))[0]).toBe(200), 5000);
  expectNoInsides((await read("/readyz"))[1]);
  for (const path of [
    "/metrics",
    "/v1/metrics",
    "/debug",
    "/debug/pprof",
    "/admin",
    "/.env",
    "/socket.io/socket.io.js",
  ]) {
    expect([path, (await read(path))[0]]).toEqual([
      path,
      expect.toSatisfy((status) => status === 404 || status === 400),
    ]);
  }
});
