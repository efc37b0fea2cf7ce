import type { Verdict } from "../../checker/check-history.ts";
import { checkHistory } from "../../checker/check-history.ts";
import type { History } from "../../checker/history.ts";
import type { ChatClient } from "../clients/chat-client.ts";
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
import type { World } from "../world.ts";
import type { Person, Troupe } from "./cast.ts";
import { gatherTroupe } from "./cast.ts";
import { waitForRecovery, waitForRest } from "./recovery.ts";
import type { Scale } from "./scale.ts";
import { readTruth } from "./truth.ts";

/** Two tenants with everybody in place, a load that runs, and the history of it all. */
export interface Stage extends AsyncDisposable {
  readonly recorder: Recorder;
  readonly troupes: readonly [Troupe, Troupe];
  readonly clients: readonly ChatClient[];
  /** Those that stay connected if nobody cuts them off. */
  readonly steady: readonly ChatClient[];
  readonly load: Load;
  /** Adds a client of a user to the cast; it counts for the checker like any other. */
  addClient(troupe: Troupe, person: Person): ChatClient;
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
  const recorder = createRecorder();
  const { users, rooms, guests } = scale;
  const small = { rooms: Math.max(2, Math.ceil(rooms / 10)), users: Math.max(4, Math.ceil(users / 10)), guests: 0 };
  const a = parts.use(await gatherTroupe(world, { tenant: `${name}-a`, rooms, users, guests }));
  const b = parts.use(await gatherTroupe(world, { tenant: `${name}-b`, ...small }));
  const { origin } = world.balancer;

  const clients: ChatClient[] = [];
  const addClient = (troupe: Troupe, { user, token }: Person, viaSdk = false): ChatClient => {
    const { tenant } = troupe;
    const create = viaSdk ? createSdkClient : createPlainClient;
    const client = create({ recorder, name: `${tenant}/${user}/${clients.length}`, tenant, user, token, origin });
    clients.push(parts.use(client));
    client.start();
    return client;
  };
  for (const troupe of [a, b]) {
    for (const [n, person] of troupe.people.entries()) addClient(troupe, person, n % 10 < scale.sdkShare * 10);
  }
  for (const guest of a.guests) addClient(a, guest);
  await waitForRest({ clients, limitMs: 60_000 });

  const churning = clients.filter((_client, n) => n % Math.round(1 / scale.churningShare) === 3);
  const steady = clients.filter((client) => !churning.includes(client) && !client.facts.user.startsWith("guest"));
  const senders = createSenders([a, b], origin, scale, (rest) => parts.defer(() => rest.close()));
  const load = startLoad({ recorder, random, senders, name, messagesPerSecond: scale.messagesPerSecond });
  const churns: readonly Churn[] = [startClientChurn(churning, random), ...inviteGuests(a, recorder, random)];
  const settle = async (): Promise<void> => void (await Promise.all([...churns, load].map((one) => one.stop())));
  parts.defer(settle);

  const running = parts.move();
  return {
    recorder,
    troupes: [a, b],
    clients,
    steady,
    load,
    addClient: (troupe, person) => addClient(troupe, person),
    recover: () => waitForRecovery({ recorder, troupes: [a, b], steady, load }),
    async finish() {
      await settle();
      const quietAt = recorder.now();
      const keys = [a, b].flatMap(({ tenant, rest, rooms: own }) =>
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
