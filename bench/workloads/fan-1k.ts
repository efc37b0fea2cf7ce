import type { LoadShape } from "../driver/protocol.ts";
import { runRounds } from "../measure/rounds.ts";
import type { RoundsResult, Subject } from "../measure/rounds.ts";
import { cpuPerUnit, overRounds, perSecond, postgresPerUnit } from "../report/figures.ts";
import { openLab } from "../system/lab.ts";
import type { Lab, Server } from "../system/lab.ts";
import { atHeads, membersOf, roomTargetsOf, targetsOf } from "../system/members.ts";
import type { Deployment } from "../system/sendsar.ts";
import { deploySendsar } from "../system/sendsar.ts";
import type { World } from "../system/world.ts";
import { separateRooms } from "../system/world.ts";
import { loadSubject } from "./turns.ts";
import type { Workload, WorkloadOptions } from "./workload.ts";

/** Messages under way in the second half: what a busy room looks like. */
const burstLanes = 8;

export const fan1k: Workload = {
  name: "fan-1k",
  what: "1 room with 1,000 connected members on 1 gateway; messages of about 700 bytes, one at a time, then 8 at a time",
  async run(options) {
    await using lab = await openLab();
    const world = separateRooms(1, options.quick ? 300 : 1000);
    const sendsar = await deploySendsar(lab, { gateways: 1, worlds: [world], database: "sendsar" });
    const ws = await lab.startServer({ script: "bench/floors/ws-server.ts" });
    const socketio = await lab.startServer({ script: "bench/floors/socketio-server.ts" });
    await openAll(lab, world, { sendsar, ws, socketio });
    const run = async (shape: LoadShape, rounds: number): Promise<RoundsResult> => {
      const floor = (name: string, server: Server): Subject =>
        loadSubject({
          ...common(lab),
          ...{ name, cpuMicros: server.cpuMicros, usesPostgres: false },
          command: { ...load(options, shape), group: name, ...floorTargets(server, world) },
        });
      const ours = loadSubject({
        ...common(lab),
        ...{ name: "sendsar", cpuMicros: sendsar.cpuMicros, usesPostgres: true },
        command: { ...load(options, shape), group: "sendsar", ...oursTargets(sendsar) },
      });
      const subjects = [floor("ws", ws), floor("socketio", socketio), ours];
      for (const { turn } of subjects) await turn();
      return await runRounds({ ...options, rounds, subjects, ownMicros: lab.ownMicros });
    };
    const single = await run({ kind: "window", lanes: 1 }, options.rounds);
    const burst = await run({ kind: "window", lanes: burstLanes }, Math.ceil(options.rounds / 2));
    return {
      roundsKept: single.kept.length + burst.kept.length,
      roundsRejected: [...single.rejected, ...burst.rejected],
      figures: [...singleFigures(single), ...burstFigures(burst)],
    };
  },
};

const common = (lab: Lab) => ({ lab, unit: "delivery", strict: true }) as const;

const load = ({ seconds }: WorkloadOptions, shape: LoadShape) => ({ shape, ms: seconds * 750, textChars: 80 });

const floorTargets = ({ url }: Server, { rooms }: World) => ({
  targets: [{ url, pod: 0 }],
  rooms: rooms.map(({ roomId, members }) => ({ roomId, senderIds: members, headers: "" })),
});

const oursTargets = (sendsar: Deployment) => ({ targets: targetsOf(sendsar), rooms: roomTargetsOf(sendsar) });

const openAll = async (
  { driver }: Lab,
  world: World,
  { sendsar, ws, socketio }: { readonly sendsar: Deployment; readonly ws: Server; readonly socketio: Server },
): Promise<void> => {
  const rooms = atHeads(world.rooms.map(({ roomId }) => roomId));
  const token = Object.keys(rooms).join();
  const open = { kind: "open", atOnce: 32 } as const;
  const members = await membersOf(driver, sendsar);
  await driver.run({ ...open, group: "sendsar", dialect: "socket.io", members });
  for (const [group, { url }, dialect] of [
    ["ws", ws, "bare"],
    ["socketio", socketio, "socket.io"],
  ] as const) {
    await driver.run({ ...open, group, dialect, members: members.map(() => ({ url, pod: 0, token, rooms })) });
  }
};

const singleFigures = ({ kept }: RoundsResult) => [
  ...overRounds(kept, "CPU per delivery, of raw ws", "x", (of) => cpuPerUnit(of("sendsar")) / cpuPerUnit(of("ws")), {
    atMost: 1.25,
  }),
  ...overRounds(
    kept,
    "CPU per delivery, of stock Socket.IO",
    "x",
    (of) => cpuPerUnit(of("sendsar")) / cpuPerUnit(of("socketio")),
    { atMost: 0.6 },
  ),
  ...overRounds(kept, "raw ws: CPU per delivery", "µs", (of) => cpuPerUnit(of("ws"))),
  ...overRounds(kept, "stock Socket.IO: CPU per delivery", "µs", (of) => cpuPerUnit(of("socketio"))),
  ...overRounds(kept, "Sendsar: CPU per delivery", "µs", (of) => cpuPerUnit(of("sendsar"))),
  ...overRounds(kept, "Sendsar: CPU of Postgres per delivery", "µs", (of) => postgresPerUnit(of("sendsar"))),
  ...overRounds(kept, "Sendsar: deliveries", "1/s", (of) => perSecond(of("sendsar"))),
];

const burstFigures = ({ kept }: RoundsResult) => [
  ...overRounds(
    kept,
    "8 messages under way: CPU per delivery, of raw ws",
    "x",
    (of) => cpuPerUnit(of("sendsar")) / cpuPerUnit(of("ws")),
    { atMost: 0.5 },
  ),
  ...overRounds(kept, "8 messages under way: deliveries", "1/s", (of) => perSecond(of("sendsar"))),
];
