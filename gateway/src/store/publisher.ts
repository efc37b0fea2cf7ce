import pg from "pg";
import { requireChannel } from "./listener.ts";
import { cut, endOrCut } from "./pg-client.ts";

/**
 * Sends notifications in the order in which they were given, on one connection of its own, outside any transaction that
 * writes.
 *
 * Concurrency: one statement at a time; while it is under way the next ones collect and travel together, so a burst
 * costs few round trips and a lone notification waits for nobody.
 * Limits: what cannot be sent within `staleMsMax`, finds `waitingBytesMax` before it, or comes while there is no
 * connection, is dropped and counted: a notification is a hint, and who misses it reads the log. A lost connection is
 * made anew at once, and then not more often than every `retryMs`.
 */
export interface Publisher extends AsyncDisposable {
  /** Resolves when Postgres has it, or it was dropped; never rejects. */
  publish(channel: string, payload: string): Promise<void>;
  /** Notifications that were dropped. */
  readonly dropped: number;
}

export interface PublisherOptions {
  readonly databaseUrl: string;
  /** Told of each statement that failed. */
  readonly onError: (error: Error) => void;
}

/** Postgres refuses a payload of 8,000 bytes. */
export const payloadBytesMax = 7999;
const batchMax = 128;
const waitingBytesMax = 8_000_000;
const staleMsMax = 5000;
const statementMsMax = 5000;
const connectMsMax = 2000;
const retryMs = 250;
/** What is under way when it closes may be the last word of this gateway; a server that is away gets no longer. */
const closeMsMax = 500;

interface Waiting {
  readonly channel: string;
  readonly payload: string;
  readonly since: number;
  readonly done: () => void;
}

export const openPublisher = ({ databaseUrl, onError }: PublisherOptions): Publisher => {
  let queue: Waiting[] = [];
  let queuedBytes = 0;
  /** The connection, or the one that is being made. */
  let client: pg.Client | undefined;
  let connected = false;
  let retryAt = -Infinity;
  let running: Promise<void> | undefined;
  let closed = false;
  let dropped = 0;

  const drop = (items: readonly Waiting[]): void => {
    dropped += items.length;
    for (const item of items) item.done();
  };

  const fail = (which: pg.Client, error: Error): void => {
    if (client !== which) return;
    client = undefined;
    connected = false;
    cut(which);
    if (!closed) onError(error);
  };

  const requireClient = async (): Promise<pg.Client> => {
    if (client && connected) return client;
    const fresh = createClient(databaseUrl);
    client = fresh;
    fresh.on("error", (error) => fail(fresh, error));
    fresh.on("end", () => fail(fresh, new Error("unable to notify; the connection ended")));
    retryAt = performance.now() + retryMs;
    await fresh.connect();
    connected = true;
    return fresh;
  };

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    if (!connected && performance.now() < retryAt) {
      drop(batch);
      return;
    }
    try {
      const open = await requireClient();
      const channels = batch.map(({ channel }) => channel);
      await open.query({ name: "notify", text: notify, values: [channels, batch.map(({ payload }) => payload)] });
      for (const item of batch) item.done();
    } catch (error) {
      if (client) fail(client, error as Error);
      // Whether it arrived is unknown, and a hint that comes late is worth nothing.
      drop(batch);
    }
  };

  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.slice(0, batchMax);
      queue = queue.slice(batchMax);
      for (const { payload } of batch) queuedBytes -= payload.length;
      const fresh = batch.filter(({ since }) => performance.now() - since <= staleMsMax);
      if (fresh.length < batch.length) drop(batch.filter((item) => !fresh.includes(item)));
      if (fresh.length > 0) await send(fresh);
    }
    running = undefined;
  };

  const refuse = (reason: string): Promise<void> => {
    dropped++;
    onError(new Error(`unable to notify; ${reason}`));
    return Promise.resolve();
  };

  return {
    publish(channel, payload) {
      requireChannel(channel);
      if (closed) return Promise.resolve();
      if (Buffer.byteLength(payload) > payloadBytesMax) return refuse("the payload is too large");
      if (queuedBytes + payload.length > waitingBytesMax) return refuse("too much is waiting");
      return new Promise((done) => {
        queue.push({ channel, payload, since: performance.now(), done });
        queuedBytes += payload.length;
        running ??= run();
      });
    },
    get dropped() {
      return dropped;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      const giveUp = setTimeout(() => {
        drop(queue);
        queue = [];
        if (client) cut(client);
      }, closeMsMax);
      await running;
      clearTimeout(giveUp);
      if (client) await endOrCut(client);
    },
  };
};

const createClient = (databaseUrl: string): pg.Client =>
  new pg.Client({
    connectionString: databaseUrl,
    application_name: "sendsar-publisher",
    connectionTimeoutMillis: connectMsMax,
    query_timeout: statementMsMax,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });

// Notifications of one transaction arrive in the order in which they were made.
const notify = `
  select pg_notify(n.channel, n.payload)
  from unnest($1::text[], $2::text[]) with ordinality as n (channel, payload, place)
  order by n.place`;
