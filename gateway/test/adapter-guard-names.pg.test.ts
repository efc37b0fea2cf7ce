import { once } from "node:events";
import type { Socket } from "socket.io-client";
import { io as openClient } from "socket.io-client";
import { expect, test, vi } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { joinPostgresCluster } from "../src/realtime/cluster/adapter.ts";
import { createIo } from "../src/realtime/io.ts";
import { startBareNode } from "./fixtures/bare-node.ts";

// Names that come from outside, or are too long: each scenario runs on the bare adapter, where it shows the defect, and
// on ours, where it does not (docs/decisions/0005-guarded-adapter.md).

const connectTo = (url: string): Socket =>
  openClient(url, { transports: ["websocket"], forceNew: true, reconnection: false });

test("AD08 the name of a namespace runs as SQL, before anybody has asked who connects", async () => {
  const attack = '/dyn"; drop table victim; --';
  const plant = ({ adminUrl }: TestDatabase) => runOn(adminUrl, "create table victim ()");
  const isThere = async ({ adminUrl }: TestDatabase) =>
    (await runOn<{ found: boolean }>(adminUrl, "select to_regclass('victim') is not null as found"))[0]?.found;

  await using database = await createTestDatabase();
  await plant(database);
  await using bare = await startBareNode({ databaseUrl: database.adminUrl });
  bare.io.of(/^\/dyn.*/).use((_socket, next) => next(new Error("nobody is let in")));
  const heard = connectTo(bare.url);
  await once(heard as never, "connect");
  await vi.waitFor(async () => {
    using intruder = disposable(connectTo(`${bare.url}${attack}`));
    await once(intruder.socket as never, "connect_error");
    expect(await isThere(database)).toBe(false);
  }, 5000);
  heard.disconnect();

  await using gateway = await startTestGateway();
  await plant(gateway.database);
  using intruder = disposable(connectTo(`${gateway.url}${attack}`));
  const [error] = (await once(intruder.socket as never, "connect_error")) as [Error];
  expect(error.message).toBe("Invalid namespace");
  expect(await isThere(gateway.database)).toBe(true);
});

test("AD09 a channel of more than 63 bytes is cut on one side only, and everything said on it vanishes", async () => {
  const name = "n".repeat(60);
  await using database = await createTestDatabase();
  const complaints: string[] = [];
  await using one = await startBareNode({ databaseUrl: database.adminUrl });
  await using two = await startBareNode({ databaseUrl: database.adminUrl });
  for (const { pool } of [one, two]) pool.on("error", (error) => complaints.push(error.message));
  for (const { io } of [one, two]) io.of(`/${name}`);
  const clients = [connectTo(two.url), connectTo(`${two.url}/${name}`), connectTo(`${one.url}/${name}`)] as const;
  await Promise.all(clients.map((client) => once(client as never, "connect")));
  const heard: string[] = [];
  const [short, long, near] = clients;
  short.onAny(() => heard.push("short"));
  long.onAny(() => heard.push("long"));
  near.onAny(() => heard.push("near"));
  await vi.waitFor(() => {
    one.io.of(`/${name}`).emit("said");
    one.io.emit("said");
    // Both were said as often; the client of the same node shows that the long one was tried.
    expect(heard.filter((which) => which === "short").length).toBeGreaterThan(5);
    expect(heard.filter((which) => which === "near").length).toBeGreaterThan(5);
  }, 5000);
  expect(heard).not.toContain("long");
  expect(complaints).toEqual([]);
  for (const client of clients) client.disconnect();

  const join = (channelPrefix: string) =>
    joinPostgresCluster(createIo(["websocket"]), {
      databaseUrl: database.gatewayUrl,
      channelPrefix,
      onListening: () => undefined,
      onError: () => undefined,
    });
  expect(() => join(name + "nn")).toThrow("its name must be 1-63 bytes");
  const longest = join(name + "n");
  await vi.waitFor(() => expect(longest.isListening()).toBe(true), 5000);
  await longest[Symbol.asyncDispose]();
});

const disposable = (socket: Socket): Disposable & { readonly socket: Socket } => ({
  socket,
  [Symbol.dispose]: () => void socket.disconnect(),
});
