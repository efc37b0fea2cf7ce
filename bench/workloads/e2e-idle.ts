import type { LoadAnswer } from "../driver/protocol.ts";
import { runRounds } from "../measure/rounds.ts";
import type { RoundsResult, Sample } from "../measure/rounds.ts";
import { overRounds } from "../report/figures.ts";
import type { Lab } from "../system/lab.ts";
import { openLab } from "../system/lab.ts";
import { atHeads, roomTargetsOf, targetsOf } from "../system/members.ts";
import { deployReference } from "../system/reference.ts";
import { seedReference } from "../system/seed.ts";
import type { Deployment } from "../system/sendsar.ts";
import { deploySendsar } from "../system/sendsar.ts";
import type { World } from "../system/world.ts";
import { separateRooms } from "../system/world.ts";
import { connectMembers } from "./chat.ts";
import { loadSubject } from "./turns.ts";
import type { Workload } from "./workload.ts";

const idlePerSecond = 10;
const busyPerSecond = 200;

export const e2eIdle: Workload = {
  name: "e2e-idle",
  what: `1 room of 10 on 2 gateways: from the moment a message was meant to be posted to its arrival, at ${idlePerSecond} and at ${busyPerSecond} messages a second`,
  async run(options) {
    await using lab = await openLab();
    const world = separateRooms(1, 10);
    const floor = await startFloor(lab, world);
    const reference = await deployReference(lab, { gateways: 2, worlds: [world], database: "reference" });
    const sendsar = await deploySendsar(lab, { gateways: 2, worlds: [world], database: "sendsar" });
    await connectMembers(lab, "reference", reference);
    await connectMembers(lab, "sendsar", sendsar);
    const ms = options.seconds * 2000;
    const run = async (perSecond: number, rounds: number, withFloor: boolean): Promise<RoundsResult> => {
      const shape = { kind: "open", perSecond } as const;
      const system = (group: string, deployment: Deployment, strict: boolean) =>
        loadSubject({
          ...{ name: group, lab, cpuMicros: deployment.cpuMicros, usesPostgres: true, unit: "message", strict, extra },
          command: {
            ...{ group, targets: targetsOf(deployment), rooms: roomTargetsOf(deployment), shape, ms, textChars: 80 },
          },
        });
      const systems = [system("reference", reference, false), system("sendsar", sendsar, true)];
      const bare = loadSubject({
        ...{ name: "floor", lab, cpuMicros: floor.cpuMicros, usesPostgres: true, unit: "message", strict: true, extra },
        command: {
          group: "floor",
          targets: [{ url: floor.url, pod: 0 }],
          rooms: floor.rooms,
          shape,
          ms,
          textChars: 80,
        },
      });
      const subjects = withFloor ? [bare, ...systems] : systems;
      for (const { turn } of subjects) await turn();
      // Almost nothing runs here, so the CPU of the floor says nothing of how quiet it is.
      return await runRounds({ ...options, rounds, subjects, ownMicros: lab.ownMicros, watchFloor: false });
    };
    const idle = await run(idlePerSecond, options.rounds, true);
    // The floor commits on several connections and keeps no order between them.
    const busy = await run(busyPerSecond, Math.ceil(options.rounds / 2), false);
    return {
      roundsKept: idle.kept.length + busy.kept.length,
      roundsRejected: [...idle.rejected, ...busy.rejected],
      figures: [...idleFigures(idle), ...busyFigures(busy)],
    };
  },
};

/** What a round sums over its turns; a figure divides by the number of turns. */
const extra = ({ ack, samePod, otherPod }: LoadAnswer) => ({
  ...{ ackP50: ack.p50Ms, sameP50: samePod.p50Ms, otherP50: otherPod.p50Ms },
  ...{ sameP99: samePod.p99Ms, otherP99: otherPod.p99Ms },
});

/** One commit and one send over a bare WebSocket: what cannot be saved. */
const startFloor = async (lab: Lab, world: World) => {
  const databaseUrl = await (await lab.postgres()).createDatabase("floor");
  await seedReference(databaseUrl, "none", world);
  const { url, cpuMicros } = await lab.startServer({
    script: "bench/floors/ws-server.ts",
    env: { DATABASE_URL: databaseUrl },
  });
  const rooms = atHeads(world.rooms.map(({ roomId }) => roomId));
  const members = world.users.map(() => ({ url, pod: 0, rooms }));
  await lab.driver.run({ kind: "open", group: "floor", dialect: "bare", members, atOnce: 8 });
  return { url, cpuMicros, rooms: roomTargetsOf({ worlds: [world], headers: [] }) };
};

const perTurn = ({ extra: sums = {} }: Sample, key: string): number => (sums[key] ?? 0) / (sums["turns"] ?? 1);

const idleFigures = ({ kept }: RoundsResult) => [
  ...overRounds(
    kept,
    "added on the way to another gateway, p50",
    "ms",
    (of) => perTurn(of("sendsar"), "otherP50") - perTurn(of("sendsar"), "sameP50"),
    { atMost: 1 },
  ),
  ...overRounds(
    kept,
    "p50 on the same gateway, of one insert and one bare WebSocket",
    "x",
    (of) => perTurn(of("sendsar"), "sameP50") / perTurn(of("floor"), "sameP50"),
    { atMost: 2 },
  ),
  ...overRounds(kept, "one insert and one bare WebSocket: p50", "ms", (of) => perTurn(of("floor"), "sameP50")),
  ...overRounds(kept, "Sendsar: p50, same gateway", "ms", (of) => perTurn(of("sendsar"), "sameP50")),
  ...overRounds(kept, "Sendsar: p50, other gateway", "ms", (of) => perTurn(of("sendsar"), "otherP50")),
  ...overRounds(kept, "Sendsar: p50 of the answer to the sender", "ms", (of) => perTurn(of("sendsar"), "ackP50")),
  ...overRounds(kept, "Sendsar: p99, other gateway", "ms", (of) => perTurn(of("sendsar"), "otherP99")),
  ...overRounds(kept, "reference: p50, same gateway", "ms", (of) => perTurn(of("reference"), "sameP50")),
  ...overRounds(kept, "reference: p50, other gateway", "ms", (of) => perTurn(of("reference"), "otherP50")),
];

const busyFigures = ({ kept }: RoundsResult) => [
  ...overRounds(kept, `${busyPerSecond}/s, Sendsar: p50`, "ms", (of) => perTurn(of("sendsar"), "otherP50")),
  ...overRounds(kept, `${busyPerSecond}/s, Sendsar: p99`, "ms", (of) => perTurn(of("sendsar"), "otherP99")),
  ...overRounds(kept, `${busyPerSecond}/s, reference: p50`, "ms", (of) => perTurn(of("reference"), "otherP50")),
  ...overRounds(kept, `${busyPerSecond}/s, reference: p99`, "ms", (of) => perTurn(of("reference"), "otherP99")),
];
