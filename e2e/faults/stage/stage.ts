import type { Verdict } from "../../checker/check-history.ts";
import { checkHistory } from "../../checker/check-history.ts";
import type { History } from "../../checker/history.ts";
import type { ChatClient } from "../clients/chat-client.ts";
import type { Churn } from "../load/churn.ts";
import { startClientChurn, startMembershipChurn } from "../load/churn.ts";
import type { Load } from "../load/load.ts";
import { startLoad } from "../load/load.ts";
import type { Random } from "../load/random.ts";
import type { Recorder } from "../load/recorder.ts";
import { createRecorder } from "../load/recorder.ts";
import { createRest } from "../load/rest.ts";
import type { Sender } from "../load/sender.ts";
import { createRestSender } from "../load/sender.ts";
import type { World } from "../world.ts";
import type { Person, Troupe, TroupeOptions } from "./cast.ts";
import { gatherTroupe } from "./cast.ts";
import { gatherCrowd } from "./crowd.ts";
import { waitForRecovery, waitForRest } from "./recovery.ts";
import type { Scale } from "./scale.ts";
import { readTruth } from "./truth.ts";

/** Two tenants with everybody in place, a load that runs, and the history of it all. */
export interface Stage extends AsyncDisposable {
  readonly recorder: Recorder;
  readonly troupes: readonly [Troupe, Troupe, ...Troupe[]];
  readonly clients: readonly ChatClient[];
  /** Those that stay connected if nobody cuts them off. */
  readonly steady: readonly ChatClient[];
  readonly load: Load;
  /** Something that the stage closes at its end. */
  use<T extends AsyncDisposable>(thing: T): T;
  /** Whatever else sends, until the end. */
  addLoad(load: Load): void;
  /** Adds a tenant, and closes it at the end; its rooms and clients count for the checker like any others. */
  addTroupe(options: TroupeOptions): Promise<Troupe>;
  /** Adds a device of a user, on its own way to the gateways if `through` says so. */
  addClient(troupe: Troupe, person: Person, through?: string): ChatClient;
  /**
   * Waits until messages to every room are acknowledged and shown again, and every steady client has caught up. Answers
   * the milliseconds that took. Throws, naming who is missing, when it takes too long.
   */
  recover(): Promise<number>;
  /** Ends the load, waits until everybody has everything, and judges. */
  finish(): Promise<{ readonly history: History; readonly verdict: Verdict }>;
}

export interface StageOptions {
  readonly world: World;
  /** Names the tenants and the sendings; unique in the world. */
  readonly name: string;
  readonly scale: Scale;
  readonly random: Random;
}

/** How long clients may take to have everything once all is quiet. Ten seconds are the goal; the machine is shared. */
const catchUpMsMax = 30_000;
const connectMsMax = 60_000;

/** Sets the stage and starts the load. */
export const setStage = async ({ world, name, scale, random }: StageOptions): Promise<Stage> => {
  await using parts = new AsyncDisposableStack();
  const recorder = createRecorder();
  const { users, rooms, guests } = scale;
  const small = { rooms: Math.max(2, Math.ceil(rooms / 10)), users: Math.max(4, Math.ceil(users / 10)), guests: 0 };
  const a = parts.use(await gatherTroupe(world, { tenant: `${name}-a`, rooms, users, guests }));
  const b = parts.use(await gatherTroupe(world, { tenant: `${name}-b`, ...small }));
  const troupes: [Troupe, Troupe, ...Troupe[]] = [a, b];
  const crowd = parts.use(await gatherCrowd({ world, recorder, random, scale, troupes }));
  if (!(await waitForRest({ clients: crowd.all, limitMs: connectMsMax }))) {
    const missing = crowd.all.filter((client) => !client.isSynced()).length;
    throw new Error(`unable to set the stage; ${missing} of ${crowd.all.length} clients do not connect`);
  }

  const { steady } = crowd;
  const senders = createSenders([a, b], world.balancer.origin, scale, (rest) => parts.defer(() => rest.close()));
  const load = startLoad({ recorder, random, senders, name, messagesPerSecond: scale.messagesPerSecond });
  const going: Churn[] = [load, startClientChurn(crowd.churning, random), ...inviteGuests(a, recorder, random)];
  const settle = async (): Promise<void> => void (await Promise.all(going.map((one) => one.stop())));
  parts.defer(settle);

  const running = parts.move();
  return {
    recorder,
    troupes,
    clients: crowd.all,
    steady,
    load,
    use: (thing) => running.use(thing),
    addLoad: (another) => void going.push(another),
    async addTroupe(options) {
      const troupe = running.use(await gatherTroupe(world, options));
      troupes.push(troupe);
      return troupe;
    },
    addClient: crowd.add,
    recover: () => waitForRecovery({ recorder, troupes: [a, b], steady, load }),
    async finish() {
      await settle();
      return await judge(world, recorder, troupes, crowd.all);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

/** Waits until everybody has everything, reads what the database and REST say, and lets the checker look at it all. */
const judge = async (
  { database }: World,
  recorder: Recorder,
  troupes: readonly Troupe[],
  clients: readonly ChatClient[],
): Promise<{ readonly history: History; readonly verdict: Verdict }> => {
  const quietAt = recorder.now();
  const rooms = troupes.flatMap(({ tenant, rest, rooms: own }) =>
    [...own.keys()].map((room) => ({ tenant, rest, room })),
  );
  await waitForRest({ clients, database, rooms, limitMs: 2 * catchUpMsMax });
  const history: History = {
    clients: clients.map(({ facts }) => facts),
    rooms: await readTruth(database, rooms),
    entries: [...recorder.entries],
    quietAt,
    catchUpMsMax,
  };
  return { history, verdict: checkHistory(history) };
};

/** A tenth sends for the other tenant; every second one sends with the API key, the others with their own tokens. */
const createSenders = (
  [a, b]: readonly [Troupe, Troupe],
  origin: string,
  { senders }: Scale,
  onOpened: (rest: ReturnType<typeof createRest>) => void,
): readonly Sender[] =>
  Array.from({ length: senders }, (_, n) => {
    const troupe = n % 10 === 9 ? b : a;
    const { user, token, rooms } = troupe.people[n % troupe.people.length] as Person;
    const byKey = n % 2 === 0;
    const credentials = byKey ? { "x-api-key": troupe.apiKey } : { authorization: `Bearer ${token}` };
    const rest = createRest({ origin, credentials, connectionsMax: 1 });
    onOpened(rest);
    return createRestSender({ tenant: troupe.tenant, user, rooms }, rest, byKey ? "key" : "token");
  });

const inviteGuests = ({ tenant, rest, rooms, guests }: Troupe, recorder: Recorder, random: Random): readonly Churn[] =>
  [...rooms].slice(0, guests.length).map(([room, [operator = ""]], n) => {
    const user = guests[n]?.user ?? "";
    return startMembershipChurn({ recorder, random, rest, tenant, operator, guests: [{ user, room }] });
  });
