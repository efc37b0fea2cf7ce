import { randomUUID } from "node:crypto";
import { runRounds } from "../measure/rounds.ts";
import type { RoundsResult } from "../measure/rounds.ts";
import { cpuPerUnit, overRounds, perSecond, postgresPerUnit } from "../report/figures.ts";
import { openLab } from "../system/lab.ts";
import { roomTargetsOf, targetsOf } from "../system/members.ts";
import { deploySendsar } from "../system/sendsar.ts";
import { deploySqlLoop } from "../system/sql-loop.ts";
import { separateRooms } from "../system/world.ts";
import { connectMembers } from "./chat.ts";
import { loadSubject, sqlSubject } from "./turns.ts";
import type { Workload } from "./workload.ts";

const senders = 64;
/** Connections of the shape that notifies inside its transaction; more make it slower. */
const notifyConnections = 16;

export const slowDisk: Workload = {
  name: "slow-disk",
  what: `20 rooms of 10 on 2 gateways, ${senders} senders, on a disk that takes a millisecond more for each flush`,
  async run(options) {
    await using lab = await openLab({ slowDisk: true });
    if (lab.slowDiskMissing !== undefined) {
      return { figures: [], roundsKept: 0, roundsRejected: [], notes: [`**Skipped: ${lab.slowDiskMissing}.**`] };
    }
    const world = separateRooms(20, 10);
    // Nobody is connected to these: what is left is the way to the disk.
    const silent = separateRooms(20, 10, "silent");
    const all = { users: [...world.users, ...silent.users], rooms: [...world.rooms, ...silent.rooms] };
    const loop = await deploySqlLoop(lab, all);
    const sendsar = await deploySendsar(lab, { gateways: 2, worlds: [all], database: "sendsar" });
    await connectMembers(lab, "sendsar", { ...sendsar, worlds: [world] });
    await lab.driver.run({ kind: "open", group: "nobody", dialect: "socket.io", members: [], atOnce: 1 });
    const ms = options.seconds * 1000;
    const roomIds = world.rooms.map(({ roomId }) => roomId);
    const sql = { roomIds, senderId: world.users[0] ?? randomUUID(), ms: ms / 2 };
    const ours = (name: string, group: string, rooms: typeof world) =>
      loadSubject({
        ...{ name, lab, cpuMicros: sendsar.cpuMicros, usesPostgres: true, unit: "message", strict: true },
        command: {
          ...{ group, targets: targetsOf(sendsar), rooms: roomTargetsOf({ ...sendsar, worlds: [rooms] }), ms },
          ...{ textChars: 80, shape: { kind: "closed", senders } },
        },
      });
    const subjects = [
      sqlSubject("batched", lab, loop, { ...sql, shape: "batched", connections: 1 }),
      sqlSubject("notify", lab, loop, { ...sql, shape: "notify-in-transaction", connections: notifyConnections }),
      ours("publish", "nobody", silent),
      ours("chat", "sendsar", world),
    ];
    for (const { turn } of subjects) await turn();
    const result = await runRounds({ ...options, subjects, ownMicros: lab.ownMicros });
    return { roundsKept: result.kept.length, roundsRejected: result.rejected, figures: figuresOf(result) };
  },
};

const figuresOf = ({ kept }: RoundsResult) => [
  ...overRounds(
    kept,
    "messages by the clock with nobody connected, of NOTIFY in the transaction",
    "x",
    (of) => perSecond(of("publish")) / perSecond(of("notify")),
    { atLeast: 5 },
  ),
  ...overRounds(
    kept,
    "messages by the clock with 10 deliveries each, of NOTIFY in the transaction",
    "x",
    (of) => perSecond(of("chat")) / perSecond(of("notify")),
    { atLeast: 3 },
  ),
  ...overRounds(kept, "NOTIFY in the transaction, SQL alone", "1/s", (of) => perSecond(of("notify"))),
  ...overRounds(kept, "insert of 64 rows, SQL alone", "1/s", (of) => perSecond(of("batched"))),
  ...overRounds(kept, "Sendsar with nobody connected: messages", "1/s", (of) => perSecond(of("publish"))),
  ...overRounds(kept, "Sendsar with 10 deliveries each: messages", "1/s", (of) => perSecond(of("chat"))),
  ...overRounds(kept, "Sendsar with nobody connected: CPU of gateways", "µs", (of) => cpuPerUnit(of("publish"))),
  ...overRounds(kept, "Sendsar with nobody connected: CPU of Postgres", "µs", (of) => postgresPerUnit(of("publish"))),
];
