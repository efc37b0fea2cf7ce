import type { Verdict } from "../../checker/check-history.ts";
import { checkHistory } from "../../checker/check-history.ts";
import type { History } from "../../checker/history.ts";
import type { ChatClient, ClientOptions } from "../clients/chat-client.ts";
import { createPlainClient } from "../clients/plain-client.ts";
import { createSdkClient } from "../clients/sdk-client.ts";
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
import { startProxy } from "../network/proxy.ts";
import type { World } from "../world.ts";
import type { Person, Troupe, TroupeOptions } from "./cast.ts";
import { gatherTroupe } from "./cast.ts";
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

/** Sets the stage and starts the load. */
export const setStage = async ({ world, name, scale, random }: StageOptions): Promise<Stage> => {
  await using parts = new AsyncDisposableStack();
  let owner = parts;
  const recorder = createRecorder();
  const { users, rooms, guests } = scale;
  const small = { rooms: Math.max(2, Math.ceil(rooms / 10)), users: Math.max(4, Math.ceil(users / 10)), guests: 0 };
  const a = parts.use(await gatherTroupe(world, { tenant: `${name}-a`, rooms, users, guests }));
  const b = parts.use(await gatherTroupe(world, { tenant: `${name}-b`, ...small }));
  const { origin } = world.balancer;

  const clients: ChatClient[] = [];
  const troupes: [Troupe, Troupe, ...Troupe[]] = [a, b];
  const addClient = ({ tenant }: Troupe, { user, token }: Person, create: typeof createPlainClient, way: Way) => {
    const client = create({ recorder, name: `${tenant}/${user}/${clients.length}`, tenant, user, token, ...way });
    clients.push(owner.use(client));
    client.start();
    return client;
  };
  const churning: ChatClient[] = [];
  for (const troupe of troupes) {
    for (const [n, person] of troupe.people.entries()) {
      const viaSdk = n % 10 < scale.sdkShare * 10;
      // Of each ten one, in turn one that uses our SDK.
      const churns = n % 20 === 2 || n % 20 === 13;
      const way = churns ? await layWay(world, random, owner) : { origin };
      const client = addClient(troupe, person, viaSdk ? createSdkClient : createPlainClient, way);
      if (churns) churning.push(client);
    }
  }
  for (const guest of a.guests) addClient(a, guest, createPlainClient, { origin });
  await waitForRest({ clients, limitMs: 60_000 });

  const steady = clients.filter((client) => !churning.includes(client) && !client.facts.user.startsWith("guest"));
  const senders = createSenders([a, b], origin, scale, (rest) => parts.defer(() => rest.close()));
  const load = startLoad({ recorder, random, senders, name, messagesPerSecond: scale.messagesPerSecond });
  const going: Churn[] = [load, startClientChurn(churning, random), ...inviteGuests(a, recorder, random)];
  const settle = async (): Promise<void> => void (await Promise.all(going.map((one) => one.stop())));
  parts.defer(settle);

  const running = parts.move();
  owner = running;
  return {
    recorder,
    troupes,
    clients,
    steady,
    load,
    use: (thing) => running.use(thing),
    addLoad: (another) => void going.push(another),
    async addTroupe(options) {
      const troupe = running.use(await gatherTroupe(world, options));
      troupes.push(troupe);
      return troupe;
    },
    addClient: (troupe, person, through = origin) => addClient(troupe, person, createPlainClient, { origin: through }),
    recover: () => waitForRecovery({ recorder, troupes: [a, b], steady, load }),
    async finish() {
      await settle();
      const quietAt = recorder.now();
      const keys = troupes.flatMap(({ tenant, rest, rooms: own }) =>
        [...own.keys()].map((room) => ({ tenant, rest, room })),
      );
      await waitForRest({ clients, database: world.database, rooms: keys, limitMs: 2 * catchUpMsMax });
      const truth = await readTruth(world.database, keys);
      const facts = clients.map((client) => client.facts);
      const history = { clients: facts, entries: [...recorder.entries], rooms: truth, quietAt, catchUpMsMax };
      return { history, verdict: checkHistory(history) };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

type Way = Pick<ClientOptions, "origin" | "cutWay">;

/** A way to the balancer that is one client's own, so that it can be cut without touching anybody else. */
const layWay = async ({ balancer }: World, random: Random, owner: AsyncDisposableStack): Promise<Way> => {
  const target = { name: "balancer", port: Number(new URL(balancer.origin).port) };
  const proxy = owner.use(await startProxy({ targets: () => [target], random: () => random.next() }));
  const cutWay = (): void => {
    for (const link of proxy.links) link.reset();
  };
  return { origin: `http://127.0.0.1:${proxy.port}`, cutWay };
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
