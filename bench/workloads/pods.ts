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
  /** The same of a gateway that one member of each room is connected to, with the delivery to that one. */
  readonly hearingPeer: Map<string, number>;
  /** The same of a process beside it that only listens. */
  readonly listener: Map<string, number>;
}

export const pods: Workload = {
  name: "pods-1-2-4",
  what: `10 rooms of 10 on one gateway at ${rates.join(" and ")} messages a second, with 0, 1 and 3 more gateways that nobody in them is connected to, and with 1 that one of each room is connected to`,
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

const runRound = async (
  lab: Lab,
  world: ReturnType<typeof separateRooms>,
  database: string,
  ms: number,
): Promise<PodRound> => {
  const watch = watchForeign(lab.ownMicros);
  const idle = await runIdle(lab, world, `${database}_idle`, ms);
  const hearing = await runHearing(lab, world, `${database}_hearing`, ms);
  return { ...idle, ...hearing, foreignShare: watch.share() };
};

/** Measures with one gateway, then with more and more beside it, while everybody is connected to the first. */
const runIdle = async (
  lab: Lab,
  world: ReturnType<typeof separateRooms>,
  database: string,
  ms: number,
): Promise<Pick<PodRound, "total" | "idlePeer">> => {
  const sendsar = await deploySendsar(lab, { gateways: 1, worlds: [world], database });
  const members = await membersOf(lab.driver, sendsar);
  await lab.driver.run({ kind: "open", group: database, dialect: "socket.io", members, atOnce: 16 });
  const round = { total: new Map<string, number>(), idlePeer: new Map<string, number>() };
  for (const count of podCounts) {
    while (sendsar.servers.length < count) await sendsar.startServer();
    const peers = sendsar.servers.slice(1);
    for (const [rate, { all, others }] of await measure(lab, sendsar, database, [peers], ms)) {
      round.total.set(`${count}/${rate}`, all);
      if (peers.length > 0) round.idlePeer.set(`${count}/${rate}`, others[0] ?? 0);
    }
  }
  await close(lab, sendsar, database);
  return round;
};

/** Measures two gateways, the second of which has one member of each room; beside them one that does nothing but listen. */
const runHearing = async (
  lab: Lab,
  world: ReturnType<typeof separateRooms>,
  database: string,
  ms: number,
): Promise<Pick<PodRound, "hearingPeer" | "listener">> => {
  const sendsar = await deploySendsar(lab, { gateways: 2, worlds: [world], database });
  const [first, second] = sendsar.servers;
  if (!first || !second) throw new Error("unable to measure a gateway that hears; there is no second one");
  const elsewhere = new Set(world.rooms.map(({ members: [member] }) => member));
  const members = (await membersOf(lab.driver, sendsar)).map((member, index) =>
    elsewhere.has(world.users[index]) ? { ...member, url: second.url, pod: 1 } : { ...member, url: first.url, pod: 0 },
  );
  await lab.driver.run({ kind: "open", group: database, dialect: "socket.io", members, atOnce: 16 });
  const round = { hearingPeer: new Map<string, number>(), listener: new Map<string, number>() };
  await using listener = await startListener(lab, sendsar);
  for (const [rate, { others }] of await measure(lab, sendsar, database, [[second], [listener]], ms)) {
    round.hearingPeer.set(`${rate}`, others[0] ?? 0);
    round.listener.set(`${rate}`, others[1] ?? 0);
  }
  await close(lab, sendsar, database);
  return round;
};

interface Cost {
  /** CPU of all gateways per message. */
  readonly all: number;
  /** CPU of each group of servers, of one in it, per message, beyond what it takes when nothing happens. */
  readonly others: readonly number[];
}

/** Sends at each rate through the first gateway. */
const measure = async (
  lab: Lab,
  sendsar: SendsarDeployment,
  group: string,
  groups: readonly (readonly Server[])[],
  ms: number,
): Promise<ReadonlyMap<number, Cost>> => {
  // The first load of each setting warms up; nobody counts it.
  await load(lab, sendsar, group, rates[1], ms / 2);
  const rest = await Promise.all(groups.map((servers) => atRest(servers, ms / 2)));
  const costs = new Map<number, Cost>();
  for (const rate of rates) {
    const before = sendsar.cpuMicros();
    const groupsBefore = groups.map(cpuOf);
    const startedAt = performance.now();
    const acked = await load(lab, sendsar, group, rate, ms);
    const took = performance.now() - startedAt;
    const others = groups.map((servers, index) => {
      const used = cpuOf(servers) - (groupsBefore[index] ?? 0) - (rest[index] ?? 0) * took;
      return used / Math.max(1, servers.length) / acked;
    });
    costs.set(rate, { all: (sendsar.cpuMicros() - before) / acked, others });
  }
  return costs;
};

const close = async (lab: Lab, sendsar: SendsarDeployment, group: string): Promise<void> => {
  await lab.driver.run({ kind: "close", group });
  for (const server of sendsar.servers) await server[Symbol.asyncDispose]();
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
    of("the same with 4 gateways, each peer", "µs", peer("4/500")),
    of("the same at 2,000/s, 2 gateways", "µs", peer("2/2000")),
    of("a peer with one member of each room, 500/s", "µs", (r) => r.hearingPeer.get("500") ?? 0),
    of("the same at 2,000/s", "µs", (r) => r.hearingPeer.get("2000") ?? 0),
    of("a bare LISTEN beside it, 500/s", "µs", (r) => r.listener.get("500") ?? 0),
    of("CPU of all gateways per message, 4 instead of 1, 500/s", "x", (r) => total("4/500")(r) / total("1/500")(r)),
    of("CPU of all gateways per message, 4 instead of 1, 2,000/s", "x", (r) => total("4/2000")(r) / total("1/2000")(r)),
    of("1 gateway: CPU per message, 500/s", "µs", total("1/500")),
    of("1 gateway: CPU per message, 2,000/s", "µs", total("1/2000")),
  ];
};
