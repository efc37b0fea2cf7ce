import pg from "pg";
import { cut, endOrCut } from "./pg-client.ts";

/**
 * Hears notifications of Postgres on a connection of its own.
 *
 * Guarantees: whatever breaks the connection, it comes back by itself, and `onListening` is called each time that LISTEN
 * is in force again, so that the owner reads from the log what was notified meanwhile. It never throws and never ends
 * the process.
 * Lifecycle: connecting -> listening -> (lost -> waiting -> connecting -> listening)* -> closed.
 * Half-open connections: every `probeMs` it notifies itself through the server; an echo that does not come back in time
 * counts as a lost connection. So `isListening` is true only while notifications really arrive.
 */
export interface Listener extends AsyncDisposable {
  /** True while LISTEN is in force and the last probe came back. */
  isListening(): boolean;
  /** How often the connection was lost. */
  readonly losses: number;
}

export interface ListenerOptions {
  readonly databaseUrl: string;
  readonly channels: readonly string[];
  readonly onNotification: (channel: string, payload: string) => void;
  /** LISTEN is in force, for the first time or again. */
  readonly onListening: () => void;
  readonly onLost: (error: Error) => void;
  /** Between 0 and 1, for the jitter of retries. */
  readonly random?: () => number;
  readonly probeMs?: number;
}

const connectMsMax = 2000;
const retryMsMin = 50;
const retryMsMax = 2000;
const probeMsDefault = 5000;

/** Starts to listen. Channels must be at most 63 bytes, or Postgres would cut them and hear nothing. */
export const openListener = (options: ListenerOptions): Listener => {
  const { databaseUrl, channels, random = Math.random, probeMs = probeMsDefault } = options;
  const probeChannel = `${channels[0] ?? "sendsar"}:probe:${process.pid}:${Math.floor(random() * 1e9)}`.slice(-63);
  for (const channel of channels) requireChannel(channel);
  let client: pg.Client | undefined;
  let listening = false;
  let closed = false;
  let attempt = 0;
  let losses = 0;
  let timer: NodeJS.Timeout | undefined;
  let answered = true;

  const lose = (which: pg.Client, error: Error): void => {
    if (client !== which) return;
    client = undefined;
    listening = false;
    clearTimeout(timer);
    cut(which);
    if (closed) return;
    losses++;
    options.onLost(error);
    // The first retry comes at once: most losses are one terminated connection. Then slower, with jitter.
    const ceiling = Math.min(retryMsMax, retryMsMin * 2 ** attempt);
    timer = setTimeout(() => void connect(), attempt++ === 0 ? 0 : ceiling * (0.5 + random() / 2));
  };

  const probe = (which: pg.Client): void => {
    if (client !== which) return;
    if (!answered) {
      lose(which, new Error("unable to hear notifications; a probe did not come back"));
      return;
    }
    answered = false;
    which.query("select pg_notify($1, '')", [probeChannel]).catch((error: Error) => lose(which, error));
    timer = setTimeout(() => probe(which), probeMs);
  };

  const connect = async (): Promise<void> => {
    if (closed) return;
    const fresh = new pg.Client({
      connectionString: databaseUrl,
      application_name: "sendsar-listener",
      connectionTimeoutMillis: connectMsMax,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    client = fresh;
    fresh.on("error", (error) => lose(fresh, error));
    fresh.on("end", () => lose(fresh, new Error("unable to hear notifications; the connection ended")));
    fresh.on("notification", ({ channel, payload = "" }) => {
      if (channel === probeChannel) answered = true;
      else options.onNotification(channel, payload);
    });
    try {
      await fresh.connect();
      await fresh.query([...channels, probeChannel].map((name) => `listen ${pg.escapeIdentifier(name)}`).join("; "));
    } catch (error) {
      lose(fresh, error as Error);
      return;
    }
    if (client !== fresh) return;
    attempt = 0;
    listening = true;
    answered = true;
    options.onListening();
    probe(fresh);
  };

  void connect();
  return {
    isListening: () => listening,
    get losses() {
      return losses;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      const last = client;
      client = undefined;
      listening = false;
      if (last) await endOrCut(last);
    },
  };
};

/** Postgres cuts longer names in LISTEN and refuses them in NOTIFY, so nothing would ever arrive. */
export const requireChannel = (channel: string): void => {
  if (channel === "" || Buffer.byteLength(channel) > 63) {
    throw new Error(`unable to use the channel ${channel}; its name must be 1-63 bytes`);
  }
};
