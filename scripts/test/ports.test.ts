import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { expect, test } from "vitest";
import { freePort, nextFreePort, portProblem } from "../process/ports.ts";

const listen = async (host: string, port = 0): Promise<Server> => {
  const server = createServer().listen({ host, port, ipv6Only: host.includes(":") });
  await once(server, "listening");
  return server;
};

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

test("a port that nothing uses has no problem", async () => {
  const port = await freePort();
  expect(await portProblem(port)).toBeUndefined();
  expect(await nextFreePort(port)).toBe(port);
});

test("a free port is none that the system gives to connections", async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort));
  expect(Math.max(...ports)).toBeLessThan(32_768);
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(11_000);
});

test.each(["127.0.0.1", "0.0.0.0", "::1"])("a program on %s is seen, and the next port taken", async (host) => {
  await using server = await listen(host);
  const port = portOf(server);
  expect(await portProblem(port)).toBe("another program uses it");
  expect(await nextFreePort(port)).not.toBe(port);
});

test("the last port that there is can be asked for", async () => {
  expect(await nextFreePort(65_535)).toBeGreaterThan(1023);
});
