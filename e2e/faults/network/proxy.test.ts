import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createRandom } from "../load/random.ts";
import type { Proxy } from "./proxy.ts";
import { startProxy } from "./proxy.ts";

let parts: AsyncDisposableStack;
let proxy: Proxy;
let accepted: Socket[];
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  accepted = [];
  const echo = createServer((socket) => {
    accepted.push(socket);
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  parts.defer(() => new Promise((resolve) => echo.close(() => resolve())));
  parts.defer(() => accepted.forEach((socket) => socket.destroy()));
  const target = { name: "echo", port: (echo.address() as AddressInfo).port };
  const random = createRandom(1);
  proxy = parts.use(await startProxy({ targets: () => [target], random: () => random.next() }));
});
afterEach(() => parts.disposeAsync());

/** A client of the proxy, and everything that came back to it. */
const open = async (): Promise<{ socket: Socket; received: () => string; errors: string[] }> => {
  const links = proxy.links.size;
  const socket = connect(proxy.port, "127.0.0.1");
  parts.defer(() => void socket.destroy());
  const errors: string[] = [];
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  socket.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code ?? ""));
  await once(socket, "connect");
  await vi.waitFor(() => expect(proxy.links.size).toBe(links + 1));
  return { socket, received: () => text, errors };
};

const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}\n`);

describe("what passes through a link", () => {
  test("comes out as it went in, also when much of it is on its way", async () => {
    const { socket, received } = await open();
    for (const line of lines) socket.write(line);
    await vi.waitFor(() => expect(received().length).toBe(lines.join("").length), 10_000);
    expect(received()).toBe(lines.join(""));
  });

  test("comes late over a slow link that loses packets, and in its order", async () => {
    const { socket, received } = await open();
    proxy.setMode({ kind: "slow", delayMs: 20, bytesPerSecond: 1e6, stalls: 0.2, stallMs: 10 });
    const startedAt = performance.now();
    for (const line of lines) socket.write(line);
    await vi.waitFor(() => expect(received().length).toBe(lines.join("").length), 20_000);
    expect(received()).toBe(lines.join(""));
    // 190 kB each way, at 1 MB/s.
    expect(performance.now() - startedAt).toBeGreaterThan(200);
  });

  test("waits while the link is held, and comes then", async () => {
    const { socket, received } = await open();
    proxy.setMode({ kind: "hold", direction: "down" });
    socket.write("up it goes");
    await vi.waitFor(() => expect(accepted[0]?.bytesRead).toBe(10));
    expect(received()).toBe("");
    proxy.setMode({ kind: "open" });
    await vi.waitFor(() => expect(received()).toBe("up it goes"));
  });

  test("never comes once the link is dead, and nobody is told", async () => {
    const { socket, received, errors } = await open();
    proxy.setMode({ kind: "dead" });
    socket.write("into the void");
    accepted[0]?.destroy();
    const other = await open();
    // A new connection is dead as well, as long as that is in force.
    proxy.setMode({ kind: "open" });
    other.socket.write("still nothing");
    const third = await open();
    third.socket.write("this one lives");
    await vi.waitFor(() => expect(third.received()).toBe("this one lives"));
    expect([received(), other.received(), errors, socket.destroyed]).toEqual(["", "", [], false]);
  });
});

describe("how a link ends", () => {
  test("a reset is a reset for both", async () => {
    const { errors, socket } = await open();
    for (const link of proxy.links) link.reset();
    await vi.waitFor(() => expect([socket.destroyed, accepted[0]?.destroyed]).toEqual([true, true]));
    expect(errors).toEqual(["ECONNRESET"]);
    await vi.waitFor(() => expect(proxy.links.size).toBe(0));
  });

  test("what one side closes is closed for the other", async () => {
    const { socket, errors } = await open();
    accepted[0]?.end();
    await once(socket, "close");
    expect(errors).toEqual([]);
  });
});

test("a connection that no target takes is reset", async () => {
  const nobody = parts.use(await startProxy({ targets: () => [], random: () => 0 }));
  const socket = connect(nobody.port, "127.0.0.1");
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNRESET");
});
