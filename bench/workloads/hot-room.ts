import { runRounds } from "../measure/rounds.ts";
import type { RoundsResult } from "../measure/rounds.ts";
import { overRounds, perSecond } from "../report/figures.ts";
import { openLab } from "../system/lab.ts";
import { roomTargetsOf, targetsOf } from "../system/members.ts";
import { deploySendsar } from "../system/sendsar.ts";
import { deploySqlLoop } from "../system/sql-loop.ts";
import { separateRooms } from "../system/world.ts";
import { connectMembers } from "./chat.ts";
import { loadSubject, sqlSubject } from "./turns.ts";
import type { Workload } from "./workload.ts";

const senders = 64;
/** Connections that wait for the row of the one room; it takes one at a time. */
const waiters = 16;

export const hotRoom: Workload = {
  name: "hot-room",
  what: `1 room of 20 connected members, written to by ${senders} senders through 2 gateways, on the slow disk`,
  async run(options) {
    await using lab = await openLab({ slowDisk: true });
    const world = separateRooms(1, 20);
    const loop = await deploySqlLoop(lab, world);
    const sendsar = await deploySendsar(lab, { gateways: 2, worlds: [world], database: "sendsar" });
    await connectMembers(lab, "sendsar", sendsar);
    const ms = options.seconds * 1000;
    const roomIds = world.rooms.map(({ roomId }) => roomId);
    const sql = { roomIds, senderId: world.users[0] ?? "", ms: ms / 2 };
    const subjects = [
      sqlSubject("row-lock", lab, loop, { ...sql, shape: "row-lock", connections: waiters }),
      loadSubject({
        ...{ name: "sendsar", lab, cpuMicros: sendsar.cpuMicros, usesPostgres: true, unit: "message", strict: true },
        command: {
          ...{ group: "sendsar", targets: targetsOf(sendsar), rooms: roomTargetsOf(sendsar), ms, textChars: 80 },
          shape: { kind: "closed", senders },
        },
      }),
    ];
    for (const { turn } of subjects) await turn();
    const result = await runRounds({ ...options, subjects, ownMicros: lab.ownMicros });
    const disk = lab.slowDiskMissing;
    return {
      roundsKept: result.kept.length,
      roundsRejected: result.rejected,
      figures: figuresOf(result),
      notes: disk === undefined ? [] : [`**Measured on the disk as it is: ${disk}.**`],
    };
  },
};

const figuresOf = ({ kept }: RoundsResult) => [
  ...overRounds(
    kept,
    "messages by the clock, of one transaction after the other",
    "x",
    (of) => perSecond(of("sendsar")) / perSecond(of("row-lock")),
    { atLeast: 4 },
  ),
  ...overRounds(kept, "deliveries out of order or lost", "", (of) => wrongs(of("sendsar").extra), { atMost: 0 }),
  ...overRounds(kept, "one transaction after the other, SQL alone", "1/s", (of) => perSecond(of("row-lock"))),
  ...overRounds(kept, "Sendsar: messages", "1/s", (of) => perSecond(of("sendsar"))),
];

const wrongs = (extra: Readonly<Record<string, number>> = {}): number =>
  (extra["lost"] ?? 0) + (extra["inverted"] ?? 0) + (extra["duplicated"] ?? 0);
