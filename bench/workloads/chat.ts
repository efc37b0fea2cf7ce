import { runRounds } from "../measure/rounds.ts";
import type { RoundsResult } from "../measure/rounds.ts";
import { cpuPerUnit, overRounds, perCpuSecond, perSecond, postgresPerUnit } from "../report/figures.ts";
import { openLab } from "../system/lab.ts";
import type { Lab } from "../system/lab.ts";
import { membersOf, roomTargetsOf, targetsOf } from "../system/members.ts";
import { deployReference } from "../system/reference.ts";
import type { Deployment } from "../system/sendsar.ts";
import { deploySendsar } from "../system/sendsar.ts";
import { deploySqlLoop } from "../system/sql-loop.ts";
import { separateRooms } from "../system/world.ts";
import { loadSubject, sqlSubject } from "./turns.ts";
import type { Workload } from "./workload.ts";

const senders = 64;

/** Persisted chat in rooms of one size, all of whose members are connected, half of them to each of two gateways. */
const chat = (rooms: number, members: number): Workload => ({
  name: `chat-${rooms}x${members}`,
  what: `${rooms} rooms of ${members} connected members on 2 gateways, ${senders} senders over REST, every message on disk`,
  async run(options) {
    await using lab = await openLab();
    const world = separateRooms(rooms, members);
    const loop = await deploySqlLoop(lab, world);
    const reference = await deployReference(lab, { gateways: 2, worlds: [world], database: "reference" });
    const sendsar = await deploySendsar(lab, { gateways: 2, worlds: [world], database: "sendsar" });
    await connectMembers(lab, "reference", reference);
    await connectMembers(lab, "sendsar", sendsar);
    const ms = options.seconds * 1000;
    const sql = { roomIds: world.rooms.map(({ roomId }) => roomId), senderId: world.users[0] ?? "", ms: ms / 4 };
    const subjects = [
      sqlSubject("insert", lab, loop, { ...sql, shape: "single", connections: 8 }),
      sqlSubject("batched", lab, loop, { ...sql, shape: "batched", connections: 1 }),
      systemSubject(lab, "reference", reference, ms, false),
      systemSubject(lab, "sendsar", sendsar, ms, true),
    ];
    for (const { turn } of subjects) await turn();
    const result = await runRounds({ ...options, subjects, ownMicros: lab.ownMicros });
    return {
      roundsKept: result.kept.length,
      roundsRejected: result.rejected,
      figures: figuresOf(result),
      notes: notesOf(result),
    };
  },
});

export const chat20x10 = chat(20, 10);
export const chat200x2 = chat(200, 2);
export const chat1x100 = chat(1, 100);

/** Connects every member of a deployment's first world. */
export const connectMembers = async ({ driver }: Lab, group: string, deployment: Deployment): Promise<void> => {
  const members = await membersOf(driver, deployment);
  await driver.run({ kind: "open", group, dialect: "socket.io", members, atOnce: 32 });
};

const systemSubject = (lab: Lab, group: string, deployment: Deployment, ms: number, strict: boolean) =>
  loadSubject({
    ...{ name: group, lab, cpuMicros: deployment.cpuMicros, usesPostgres: true, unit: "message", strict },
    command: {
      ...{ group, targets: targetsOf(deployment), rooms: roomTargetsOf(deployment), ms, textChars: 80 },
      shape: { kind: "closed", senders },
    },
  });

const figuresOf = ({ kept }: RoundsResult) => [
  ...overRounds(
    kept,
    "messages per second of CPU, of the reference",
    "x",
    (of) => perCpuSecond(of("sendsar")) / perCpuSecond(of("reference")),
    { atLeast: 3 },
  ),
  ...overRounds(
    kept,
    "messages by the clock, of the reference",
    "x",
    (of) => perSecond(of("sendsar")) / perSecond(of("reference")),
  ),
  ...overRounds(kept, "Sendsar: CPU of gateways per message", "µs", (of) => cpuPerUnit(of("sendsar"))),
  ...overRounds(kept, "Sendsar: CPU of Postgres per message", "µs", (of) => postgresPerUnit(of("sendsar"))),
  ...overRounds(kept, "reference: CPU of gateways per message", "µs", (of) => cpuPerUnit(of("reference"))),
  ...overRounds(kept, "reference: CPU of Postgres per message", "µs", (of) => postgresPerUnit(of("reference"))),
  ...overRounds(kept, "Sendsar: messages", "1/s", (of) => perSecond(of("sendsar"))),
  ...overRounds(kept, "reference: messages", "1/s", (of) => perSecond(of("reference"))),
  ...overRounds(kept, "insert alone, one row: all CPU per row", "µs", (of) => 1e6 / perCpuSecond(of("insert"))),
  ...overRounds(kept, "insert alone, 64 rows: all CPU per row", "µs", (of) => 1e6 / perCpuSecond(of("batched"))),
];

/** What the reference got wrong in the rounds that count; its speed is taken all the same, to its favour. */
const notesOf = ({ kept }: RoundsResult): readonly string[] => {
  const extra = (key: string): number =>
    kept.reduce((sum, round) => sum + (round.get("reference")?.extra?.[key] ?? 0), 0);
  const units = kept.reduce((sum, round) => sum + (round.get("reference")?.units ?? 0), 0);
  return units === 0
    ? []
    : [
        `The reference delivered ${extra("inverted")} times out of order and lost ${extra("lost")} deliveries in ${units} messages.`,
      ];
};
