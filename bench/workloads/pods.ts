import { setTimeout as wait } from "node:timers/promises";
import { isClean } from "../driver/order-book.ts";
import { watchForeign } from "../measure/foreign.ts";
import { foreignShareMax } from "../measure/rounds.ts";
import { figure } from "../report/figures.ts";
import type { Figure } from "../report/result.ts";
import type { Lab, Server } from "../system/lab.ts";
import { openLab } from "../system/lab.ts";
import { membersOf, roomTargetsOf, targetsOf } from "../system/members.ts";
import type { Deployment, SendsarDeployment } from "../system/sendsar.ts";
import { deploySendsar } from "../system/sendsar.ts";
import { separateRooms } from "../system/world.ts";
import type { Workload } from "./workload.ts";
import { WrongDelivery } from "./workload.ts";

const rates = [500, 2000] as const;
const podCounts = [1, 2, 4] as const;

/** What one round found, by the number of gateways and the rate. */
interface PodRound {
  /** Share of the machine that others used. */
  readonly foreignShare: number;
  /** CPU of all gateways per message. */
  readonly total: Map<string, number>;
  /** CPU of a gateway that nobody in the room is connected to, beyond what it takes when nothing happens. */
  readonly idlePeer: Map<string, number>;
  /** The same of a process that only listens. */
  readonly listener: Map<string, number>;
}

export const pods: Workload = {
  name: "pods-1-2-4",
  what: `10 rooms of 10 on one gateway at ${rates.join(" and ")} messages a second, with 0, 1 and 3 more gateways that nobody in them is connected to`,
  async run(options) {
    const kept: PodRound[] = [];
    const rejected: string[] = [];
    await using lab = await openLab();
    const world = separateRooms(10, 10);
    const ms = options.seconds * 1500;
    for (let attempt = 0; kept.length < options.rounds && attempt < options.rounds * 1.6; attempt++) {
      const round = await runRound(lab, world, `sendsar_${attempt}`, ms);
      const problem = problemOf(round);
      if (problem === undefined || options.acceptNoise) kept.push(round);
      if (problem !== undefined) rejected.push(problem);
      options.say(`${kept.length} of ${options.rounds} rounds${problem === undefined ? "" : `; ${problem}`}`);
    }
    return { roundsKept: kept.length, roundsRejected: rejected, figures: kept.length === 0 ? [] : figuresOf(kept) };
  },
};

const problemOf = ({ foreignShare }: PodRound): string | undefined =>
  foreignShare > foreignShareMax ? `others used ${Math.round(foreignShare * 100)} % of the machine` : undefined;

/** Measures with one gateway, then with more and more beside it. */
const runRound = async (
  lab: Lab,
  world: ReturnType<typeof separateRooms>,
  database: string,
  ms: number,
): Promise<PodRound> => {
  const watch = watchForeign(lab.ownMicros);
  const sendsar = await deploySendsar(lab, { gateways: 1, worlds: [world], database });
  const members = await membersOf(lab.driver, sendsar);
  await lab.driver.run({ kind: "open", group: database, dialect: "socket.io", members, atOnce: 16 });
  const round = {
    total: new Map<string, number>(),
    idlePeer: new Map<string, number>(),
    listener: new Map<string, number>(),
  };
  for (const count of podCounts) {
    while (sendsar.servers.length < count) await sendsar.startServer();
    const peers = sendsar.servers.slice(1);
    // Beside the first gateway alone, so that it is as idle, and as often away from the core, as a peer is.
    await using listener = count === 1 ? await startListener(lab, sendsar) : undefined;
    // The first load of each setting warms up; nobody counts it.
    await load(lab, sendsar, database, rates[1], ms / 2);
    const restMicrosPerMs = await atRest(peers, ms / 2);
    for (const rate of rates) {
      const before = sendsar.cpuMicros();
      const peersBefore = cpuOf(peers);
      const listenerBefore = listener?.cpuMicros() ?? 0;
      const startedAt = performance.now();
      const acked = await load(lab, sendsar, database, rate, ms);
      const took = performance.now() - startedAt;
      round.total.set(`${count}/${rate}`, (sendsar.cpuMicros() - before) / acked);
      const peer = (cpuOf(peers) - peersBefore - restMicrosPerMs * took) / Math.max(1, peers.length) / acked;
      if (peers.length > 0) round.idlePeer.set(`${count}/${rate}`, peer);
      if (listener) round.listener.set(`${rate}`, (listener.cpuMicros() - listenerBefore) / acked);
    }
  }
  // Before the gateways end: what they used is known only while they run.
  const foreignShare = watch.share();
  await lab.driver.run({ kind: "close", group: database });
  for (const server of sendsar.servers) await server[Symbol.asyncDispose]();
  return { ...round, foreignShare };
};

const startListener = (lab: Lab, { databaseUrl, channel }: SendsarDeployment): Promise<Server> =>
  lab.startServer({ script: "bench/floors/listener.ts", env: { DATABASE_URL: databaseUrl, CHANNEL: channel } });

const cpuOf = (servers: readonly Server[]): number => servers.reduce((sum, server) => sum + server.cpuMicros(), 0);

/** CPU that servers take while nothing happens, in microseconds for each millisecond. */
const atRest = async (servers: readonly Server[], ms: number): Promise<number> => {
  const before = cpuOf(servers);
  await wait(ms);
  return (cpuOf(servers) - before) / ms;
};

/** Sends through the first gateway only. Answers how many messages there were. */
const load = async (
  { driver }: Lab,
  sendsar: Deployment,
  group: string,
  perSecond: number,
  ms: number,
): Promise<number> => {
  const { acked, violations } = await driver.run({
    ...{ kind: "load", group, targets: targetsOf(sendsar).slice(0, 1), rooms: roomTargetsOf(sendsar), ms },
    ...{ textChars: 80, shape: { kind: "open", perSecond } },
  });
  if (!isClean(violations)) throw new WrongDelivery(`sendsar: ${JSON.stringify(violations)}`);
  return acked;
};

const figuresOf = (rounds: readonly PodRound[]): readonly Figure[] => {
  const of = (what: string, unit: string, value: (round: PodRound) => number, target?: Figure["target"]): Figure =>
    figure(what, unit, rounds.map(value), target);
  const peer = (key: string) => (round: PodRound) => round.idlePeer.get(key) ?? 0;
  const total = (key: string) => (round: PodRound) => round.total.get(key) ?? 0;
  return [
    of("CPU of an idle peer per foreign message, 500/s, 2 gateways", "µs", peer("2/500"), { atMost: 10 }),
    of("a bare LISTEN that hears the same, 500/s", "µs", (r) => r.listener.get("500") ?? 0),
    of("the same with 4 gateways, each peer", "µs", peer("4/500")),
    of("the same at 2,000/s, 2 gateways", "µs", peer("2/2000")),
    of("CPU of all gateways per message, 4 instead of 1, 500/s", "x", (r) => total("4/500")(r) / total("1/500")(r)),
    of("CPU of all gateways per message, 4 instead of 1, 2,000/s", "x", (r) => total("4/2000")(r) / total("1/2000")(r)),
    of("1 gateway: CPU per message, 500/s", "µs", total("1/500")),
    of("1 gateway: CPU per message, 2,000/s", "µs", total("1/2000")),
  ];
};
