import { setTimeout as wait } from "node:timers/promises";
import { isClean } from "../driver/order-book.ts";
import type { LoadAnswer, LoadCommand } from "../driver/protocol.ts";
import { watchForeign } from "../measure/foreign.ts";
import { foreignShareMax } from "../measure/rounds.ts";
import { figure } from "../report/figures.ts";
import type { Figure } from "../report/result.ts";
import type { Lab } from "../system/lab.ts";
import { openLab } from "../system/lab.ts";
import { membersOf, roomTargetsOf, targetsOf } from "../system/members.ts";
import { onDatabase } from "../system/postgres.ts";
import type { Deployment } from "../system/sendsar.ts";
import { deploySendsar } from "../system/sendsar.ts";
import { separateRooms } from "../system/world.ts";
import type { Workload } from "./workload.ts";
import { WrongDelivery } from "./workload.ts";

/** Messages a second of the one whose latency counts. */
const quietPerSecond = 50;
/** What the other one may send each second, and how many times as much it tries to. */
const loudLimit = 50;
const times = 10;
const phaseMs = { usual: 8000, quick: 600 } as const;
/** For so long the loud one is loud before anybody is measured: what it may send at once is sent by then. */
const leadMs = 1000;

const tenants = { quiet: 0, loud: 1 } as const;
type Name = keyof typeof tenants;

interface LoudRound {
  readonly alone: LoadAnswer;
  readonly atLimit: LoadAnswer;
  readonly beyond: LoadAnswer;
  /** What came of the loud tenant's messages. */
  readonly loud: LoadAnswer;
}

export const loudTenant: Workload = {
  name: "loud-tenant",
  what: `2 tenants with 2 rooms of 10 each on 2 gateways with rate limits; one sends ${quietPerSecond} messages a second, the other nothing, its limit of ${loudLimit}, and ${times} times that`,
  async run({ rounds: wanted, quick, acceptNoise, say }) {
    await using lab = await openLab();
    const worlds = Object.keys(tenants).map((name) => separateRooms(2, 10, name));
    const sendsar = await deploySendsar(lab, { gateways: 2, worlds, database: "sendsar", rateLimits: true });
    await limitLoud(sendsar);
    for (const [group, tenant] of Object.entries(tenants)) {
      const members = await membersOf(lab.driver, sendsar, tenant);
      await lab.driver.run({ kind: "open", group, dialect: "socket.io", members, atOnce: 8 });
    }
    const ms = phaseMs[quick ? "quick" : "usual"];
    const rounds = Math.max(1, Math.ceil(wanted / 2));
    const kept: LoudRound[] = [];
    const rejected: string[] = [];
    // The first round compiles what it needs; nobody counts it.
    for (let attempt = -1; kept.length < rounds && attempt < rounds * 1.6; attempt++) {
      const watch = watchForeign(lab.ownMicros);
      const round = await runRound(lab, sendsar, ms);
      const share = watch.share();
      if (attempt < 0) continue;
      if (share <= foreignShareMax || acceptNoise) kept.push(round);
      if (share > foreignShareMax) rejected.push(`others used ${Math.round(share * 100)} % of the machine`);
      say(`${kept.length} of ${rounds} rounds`);
    }
    return { roundsKept: kept.length, roundsRejected: rejected, figures: kept.length === 0 ? [] : figuresOf(kept) };
  },
};

/** Only this number is the tenant's own; what each user may send is as for everybody. */
const limitLoud = async ({ databaseUrl }: Deployment): Promise<void> => {
  const quotas = { rateLimits: { "send-message": { tenant: { count: 2 * loudLimit, seconds: 2 } } } };
  await onDatabase(databaseUrl, (client) =>
    client.query("update sendsar.tenants set quotas = $1 where tenant_id = $2", [quotas, `t${tenants.loud}`]),
  );
};

const runRound = async ({ driver }: Lab, sendsar: Deployment, ms: number): Promise<LoudRound> => {
  const load = async (group: Name, perSecond: number, extraMs = 0): Promise<LoadAnswer> => {
    const tenant = tenants[group];
    const of = { worlds: sendsar.worlds.slice(tenant, tenant + 1), headers: sendsar.headers.slice(tenant, tenant + 1) };
    const answer = await driver.run({
      ...{
        kind: "load",
        group,
        targets: targetsOf(sendsar),
        rooms: roomTargetsOf(of),
        ms: ms + extraMs,
        textChars: 80,
      },
      ...{ shape: { kind: "open", perSecond } },
      // Answers of 429 are what the loud one is to get; the quiet one is to get none.
      faults: group === "loud",
    } satisfies LoadCommand);
    if (!isClean(answer.violations)) throw new WrongDelivery(`${group}: ${JSON.stringify(answer.violations)}`);
    if (answer.failed > 0 && !answer.firstFailure.startsWith("429 ")) throw new WrongDelivery(answer.firstFailure);
    return answer;
  };
  const alone = await load("quiet", quietPerSecond);
  const beside = async (perSecond: number) => {
    const loud = load("loud", perSecond, leadMs);
    await wait(leadMs);
    return { quiet: await load("quiet", quietPerSecond), loud: await loud };
  };
  const { quiet: atLimit } = await beside(loudLimit);
  const { quiet: beyond, loud } = await beside(times * loudLimit);
  return { alone, atLimit, beyond, loud };
};

const figuresOf = (rounds: readonly LoudRound[]): readonly Figure[] => {
  const of = (what: string, unit: string, value: (round: LoudRound) => number, target?: Figure["target"]): Figure =>
    figure(what, unit, rounds.map(value), target);
  return [
    // What the loud one may send is its right, and costs what it costs; what it tries beyond must cost others little.
    of(
      `p99 of the quiet tenant beside one at ${times} times its limit, of the same beside one at its limit`,
      "x",
      ({ atLimit, beyond }) => beyond.ack.p99Ms / atLimit.ack.p99Ms,
      { atMost: 1.5 },
    ),
    of("of the same alone", "x", ({ alone, beyond }) => beyond.ack.p99Ms / alone.ack.p99Ms),
    of("messages of the quiet tenant that were refused", "", ({ beyond }) => beyond.failed, { atMost: 0 }),
    of("messages of the loud tenant that were refused", "", ({ loud }) => loud.failed),
    of("messages of the loud tenant that were let through", "", ({ loud }) => loud.acked),
    of("quiet tenant alone: p99 of the answer to the sender", "ms", ({ alone }) => alone.ack.p99Ms),
    of("the same beside one at its limit", "ms", ({ atLimit }) => atLimit.ack.p99Ms),
    of(`the same beside one at ${times} times its limit`, "ms", ({ beyond }) => beyond.ack.p99Ms),
    of("quiet tenant alone: p50", "ms", ({ alone }) => alone.ack.p50Ms),
    of(`the same beside one at ${times} times its limit: p50`, "ms", ({ beyond }) => beyond.ack.p50Ms),
  ];
};
