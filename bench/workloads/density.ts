import { setTimeout as wait } from "node:timers/promises";
import type { MemberSpec } from "../driver/protocol.ts";
import { residentKibOf } from "../measure/cpu.ts";
import { watchForeign } from "../measure/foreign.ts";
import { figure } from "../report/figures.ts";
import type { Figure } from "../report/result.ts";
import type { Lab, Server } from "../system/lab.ts";
import { openLab } from "../system/lab.ts";
import { atHeads, membersOf } from "../system/members.ts";
import { deploySendsar } from "../system/sendsar.ts";
import { overlappingRooms } from "../system/world.ts";
import type { Workload } from "./workload.ts";

const usersPerTenant = 100;
const roomsPerUser = 10;
/** Tenants that connect before memory is looked at: code is compiled and caches have their size by then. */
const warmTenants = 2;

/** Memory and rest of one server. */
interface Density {
  readonly kibPerConnection: number;
  readonly connectMicros: number;
  /** CPU in a second for 1,000 connections on which nothing happens but pings. */
  readonly restMicrosPerSecond: number;
}

export const density: Workload = {
  name: "density",
  what: `connections on which nothing happens, each in ${roomsPerUser} rooms, in tenants of ${usersPerTenant} users; memory after a garbage collection`,
  async run(options) {
    const tenants = options.quick ? 4 : 40;
    const restMs = options.quick ? 1000 : 10_000;
    await using lab = await openLab();
    const worlds = Array.from({ length: tenants }, () => overlappingRooms(usersPerTenant, roomsPerUser, 10));
    const sendsar = await deploySendsar(lab, { gateways: 1, worlds, database: "sendsar" });
    const ws = await lab.startServer({ script: "bench/floors/ws-server.ts" });
    const socketio = await lab.startServer({ script: "bench/floors/socketio-server.ts" });
    const [gateway] = sendsar.servers;
    if (!gateway) throw new Error("unable to measure density; there is no gateway");
    const ours: (readonly MemberSpec[])[] = [];
    for (const tenant of worlds.keys()) ours.push(await membersOf(lab.driver, sendsar, tenant));
    const bare = (url: string) =>
      ours.map((members) =>
        members.map(({ rooms }) => ({ url, pod: 0, token: Object.keys(rooms).join(), rooms: atHeads([]) })),
      );
    const watch = watchForeign(lab.ownMicros);
    const floor = await measure(lab, "ws", ws, "bare", bare(ws.url), restMs);
    const stock = await measure(lab, "socketio", socketio, "socket.io", bare(socketio.url), restMs);
    const mine = await measure(lab, "sendsar", gateway, "socket.io", ours, restMs);
    const connections = (tenants - warmTenants) * usersPerTenant;
    return {
      roundsKept: 1,
      roundsRejected: [],
      notes: [
        `Measured once, with ${connections.toLocaleString("en")} connections; others used ${Math.round(watch.share() * 100)} % of the machine meanwhile. The kernel's own memory for a connection comes on top, for all alike.`,
      ],
      figures: figuresOf(floor, stock, mine),
    };
  },
};

const measure = async (
  { driver }: Lab,
  name: string,
  server: Server,
  dialect: "bare" | "socket.io",
  tenants: readonly (readonly MemberSpec[])[],
  restMs: number,
): Promise<Density> => {
  const open = { kind: "open", dialect, atOnce: 32 } as const;
  const warm = tenants.slice(0, warmTenants).flat();
  const rest = tenants.slice(warmTenants).flat();
  await driver.run({ ...open, group: `${name} warm`, members: warm });
  const before = await settledKib(server);
  const cpu = server.cpuMicros();
  await driver.run({ ...open, group: name, members: rest });
  const connectMicros = (server.cpuMicros() - cpu) / rest.length;
  const kibPerConnection = ((await settledKib(server)) - before) / rest.length;
  const atRest = server.cpuMicros();
  await wait(restMs);
  const restMicros = server.cpuMicros() - atRest;
  await driver.run({ kind: "close", group: `${name} warm` });
  await driver.run({ kind: "close", group: name });
  const thousands = (warm.length + rest.length) / 1000;
  return { kibPerConnection, connectMicros, restMicrosPerSecond: restMicros / (restMs / 1000) / thousands };
};

/** Resident memory once garbage is collected and what follows from connecting is done. */
const settledKib = async (server: Server): Promise<number> => {
  for (let time = 0; time < 3; time++) {
    await wait(700);
    server.kill("SIGUSR2");
  }
  await wait(700);
  return residentKibOf(server.pid);
};

const figuresOf = (ws: Density, socketio: Density, sendsar: Density): readonly Figure[] => [
  figure("Sendsar: memory for a connection", "KiB", [sendsar.kibPerConnection], { atMost: 25 }),
  figure("stock Socket.IO: memory for a connection", "KiB", [socketio.kibPerConnection]),
  figure("raw ws: memory for a connection", "KiB", [ws.kibPerConnection]),
  figure("Sendsar: CPU at rest for 1,000 connections", "µs/s", [sendsar.restMicrosPerSecond]),
  figure("stock Socket.IO: CPU at rest for 1,000 connections", "µs/s", [socketio.restMicrosPerSecond]),
  figure("Sendsar: CPU to connect", "µs", [sendsar.connectMicros]),
  figure("stock Socket.IO: CPU to connect", "µs", [socketio.connectMicros]),
];
