import { setTimeout as wait } from "node:timers/promises";
import { isClean } from "../driver/order-book.ts";
import type { LoadAnswer } from "../driver/protocol.ts";
import { residentKibOf } from "../measure/cpu.ts";
import { watchForeign } from "../measure/foreign.ts";
import { foreignShareMax } from "../measure/rounds.ts";
import { figure } from "../report/figures.ts";
import type { Figure } from "../report/result.ts";
import type { Lab, Server } from "../system/lab.ts";
import { openLab } from "../system/lab.ts";
import { membersOf, readHeads, roomTargetsOf, targetsOf } from "../system/members.ts";
import type { Deployment } from "../system/sendsar.ts";
import { deploySendsar } from "../system/sendsar.ts";
import { separateRooms } from "../system/world.ts";
import { waitUntil } from "../../scripts/process/wait.ts";
import type { Workload } from "./workload.ts";
import { WrongDelivery } from "./workload.ts";

const members = 60;
/** 5 % of them stop to read. */
const slow = [0, 20, 40];
const perSecond = 100;
const textChars = 8000;
const settleMs = 1000;
const sampleMs = 100;

interface Phase {
  readonly p99Ms: number;
  readonly growthKib: number;
}

interface SlowRound {
  readonly calm: Phase;
  readonly slow: Phase;
  readonly cut: number;
}

export const slowConsumer: Workload = {
  name: "slow-consumer",
  what: `1 room of ${members} on 1 gateway, ${perSecond} messages of 9 kB a second; ${slow.length} members stop to read what they are sent`,
  async run(options) {
    await using lab = await openLab();
    const world = separateRooms(1, members);
    const sendsar = await deploySendsar(lab, { gateways: 1, worlds: [world], database: "sendsar" });
    const [gateway] = sendsar.servers;
    if (!gateway) throw new Error("unable to measure; there is no gateway");
    const rounds = Math.max(1, Math.floor(options.rounds / 2));
    const kept: SlowRound[] = [];
    const rejected: string[] = [];
    const ms = options.quick ? quickPhaseMs : phaseMs;
    await runPhase(lab, sendsar, gateway, [], Math.min(ms, warmMs));
    for (let attempt = 0; kept.length < rounds && attempt < rounds * 1.6; attempt++) {
      const watch = watchForeign(lab.ownMicros);
      const calm = await runPhase(lab, sendsar, gateway, [], ms);
      const stalled = await runPhase(lab, sendsar, gateway, slow, ms);
      const share = watch.share();
      const round = { calm: calm.phase, slow: stalled.phase, cut: stalled.cut };
      if (share <= foreignShareMax || options.acceptNoise) kept.push(round);
      if (share > foreignShareMax) rejected.push(`others used ${Math.round(share * 100)} % of the machine`);
      options.say(`${kept.length} of ${rounds} rounds`);
    }
    return {
      roundsKept: kept.length,
      roundsRejected: rejected,
      figures: kept.length === 0 ? [] : figuresOf(kept, options.quick),
    };
  },
};

const warmMs = 2000;
/** Long enough to fill what the kernel keeps for a connection, some megabytes, and then the bound of the gateway. */
const phaseMs = 10_000;
/** Too short for that: shows that it works, and cuts nobody off. */
const quickPhaseMs = 1000;

/** Connects everybody anew, sends, and looks how the gateway's memory grows and how late the readers get their messages. */
const runPhase = async (
  { driver }: Lab,
  sendsar: Deployment,
  gateway: Server,
  stalled: readonly number[],
  ms: number,
): Promise<{ readonly phase: Phase; readonly cut: number }> => {
  const group = "readers";
  const fallback = { url: gateway.url, pod: 0, spreadMs: 100 };
  const specs = await membersOf(driver, sendsar, 0, await readHeads(sendsar.databaseUrl));
  await driver.run({ kind: "open", group, dialect: "socket.io", members: specs, atOnce: 16, fallback });
  gateway.kill("SIGUSR2");
  await wait(settleMs);
  const before = residentKibOf(gateway.pid);
  let peak = before;
  const sampler = setInterval(() => (peak = Math.max(peak, residentKibOf(gateway.pid))), sampleMs);
  if (stalled.length > 0) await driver.run({ kind: "pause", group, members: stalled, paused: true });
  const answer: LoadAnswer = await driver.run({
    ...{ kind: "load", group, targets: targetsOf(sendsar), rooms: roomTargetsOf(sendsar) },
    ...{ shape: { kind: "open", perSecond }, ms, textChars },
  });
  clearInterval(sampler);
  if (!isClean(answer.violations)) throw new WrongDelivery(`sendsar: ${JSON.stringify(answer.violations)}`);
  // They read again: those who were cut off find out, and come back.
  if (stalled.length > 0) await driver.run({ kind: "pause", group, members: stalled, paused: false });
  const caughtUp = async (): Promise<number> => (await driver.run({ kind: "state", group })).caughtUp;
  await waitUntil(async () => (await caughtUp()) === stalled.length, { limitMs: 3000, everyMs: 50 });
  const cut = await caughtUp();
  await driver.run({ kind: "close", group });
  return { phase: { p99Ms: answer.samePod.p99Ms, growthKib: peak - before }, cut };
};

const figuresOf = (rounds: readonly SlowRound[], quick: boolean): readonly Figure[] => {
  const of = (what: string, unit: string, value: (round: SlowRound) => number, target?: Figure["target"]): Figure =>
    figure(what, unit, rounds.map(value), target);
  return [
    of("p99 of those who read, of the same without stalled members", "x", (r) => r.slow.p99Ms / r.calm.p99Ms, {
      atMost: 1.2,
    }),
    ...(quick
      ? []
      : [of("stalled members that were cut off and came back", "", (r) => r.cut, { atLeast: slow.length })]),
    of(
      "memory at its peak for each stalled member",
      "MiB",
      (r) => Math.max(0, r.slow.growthKib - r.calm.growthKib) / 1024 / slow.length,
    ),
    of("p99 without stalled members", "ms", (r) => r.calm.p99Ms),
    of("p99 with stalled members", "ms", (r) => r.slow.p99Ms),
  ];
};
