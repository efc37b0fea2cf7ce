import type { Verdict } from "../../checker/check-history.ts";
import { checkHistory } from "../../checker/check-history.ts";
import { createSdkClient } from "../../faults/clients/sdk-client.ts";
import type { Load } from "../../faults/load/load.ts";
import { startLoad } from "../../faults/load/load.ts";
import { createRandom } from "../../faults/load/random.ts";
import { createRecorder } from "../../faults/load/recorder.ts";
import { createRest } from "../../faults/load/rest.ts";
import { createRestSender } from "../../faults/load/sender.ts";
import { fillTenant } from "../../faults/stage/cast.ts";
import { waitForRecovery, waitForRest } from "../../faults/stage/recovery.ts";
import { readTruth } from "../../faults/stage/truth.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";

/** People of one tenant who talk to each other all the time, with every word written down. */
export interface Talk extends AsyncDisposable {
  readonly load: Load;
  /** Waits until what is sent from now on reaches everybody in every room. Answers the milliseconds that took. */
  recover(): Promise<number>;
  /** Ends it, waits until everybody has everything, and judges. */
  finish(): Promise<TalkResult>;
}

export interface TalkResult {
  readonly verdict: Verdict;
  /** Sends that were given up, or refused, with the reason. */
  readonly failed: readonly string[];
}

export interface TalkOptions {
  readonly tenant: string;
  readonly origin: string;
  readonly apiKey: string;
  /** Of a superuser: the truth is read past the gateway. */
  readonly databaseUrl: string;
}

const scale = { rooms: 3, users: 9, guests: 0 };
const messagesPerSecond = 15;
const patienceMs = 60_000;

/** Makes rooms and people; each has our SDK open, a third sends with the API key, the others with their own tokens. */
export const startTalk = async ({ tenant, origin, apiKey, databaseUrl }: TalkOptions): Promise<Talk> => {
  await using parts = new AsyncDisposableStack();
  const recorder = createRecorder();
  const random = createRandom(1);
  const troupe = parts.use(await fillTenant({ origin, apiKey }, { tenant, ...scale }));
  const clients = troupe.people.map(({ user, token }) => {
    const client = parts.use(createSdkClient({ recorder, name: `${tenant}/${user}`, tenant, user, token, origin }));
    client.start();
    return client;
  });
  if (!(await waitForRest({ clients, limitMs: patienceMs })))
    throw new Error("unable to begin; clients do not connect");
  const senders = troupe.people.map(({ user, token, rooms }, n) => {
    const byKey = n % 3 === 0;
    const credentials = byKey ? { "x-api-key": apiKey } : { authorization: `Bearer ${token}` };
    const rest = createRest({ origin, credentials, connectionsMax: 1 });
    parts.defer(() => rest.close());
    return createRestSender({ tenant, user, rooms }, rest, byKey ? "key" : "token");
  });
  const load = startLoad({ recorder, random, senders, messagesPerSecond, name: "talk" });
  parts.defer(() => load.stop());
  const running = parts.move();
  return {
    load,
    recover: () => waitForRecovery({ recorder, troupes: [troupe], steady: clients, load }),
    async finish() {
      await load.stop();
      const quietAt = recorder.now();
      const rooms = [...troupe.rooms.keys()].map((room) => ({ tenant, room, rest: troupe.rest }));
      const database = { query: <R extends object>(sql: string) => runOn<R>(databaseUrl, sql) };
      await waitForRest({ clients, database, rooms, limitMs: patienceMs });
      const entries = [...recorder.entries];
      const verdict = checkHistory({
        clients: clients.map(({ facts }) => facts),
        rooms: await readTruth(database, rooms),
        entries,
        quietAt,
        catchUpMsMax: patienceMs,
      });
      const failed = entries.flatMap((entry) =>
        entry.kind === "fail" || entry.kind === "info" ? [`${entry.sendId}: ${entry.reason}`] : [],
      );
      return { verdict, failed };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
