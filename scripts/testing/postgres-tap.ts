import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";

/** A statement that a client ran, in the order in which it sent them. */
export interface TappedStatement {
  readonly connection: number;
  readonly text: string;
}

/** Stands between a client and Postgres, notes every statement and can break the network. */
export interface PostgresTap extends AsyncDisposable {
  /** The given URL, through the tap. */
  readonly url: string;
  readonly statements: readonly TappedStatement[];
  /** From now on the server still hears everything, and the client nothing. */
  loseAnswers(): void;
  /** Waits for a statement that fits, and then holds back what the server says on that connection. */
  holdAnswer(fits: (text: string) => boolean): Promise<HeldAnswer>;
  /** Breaks every connection. Those made afterwards work. */
  cut(): void;
}

/** What the server said on one connection and the client has not heard yet. */
export interface HeldAnswer {
  /** Lets the client hear it, and everything after it. */
  release(): void;
}

/** Taps a server that is reached over TCP without TLS. */
export const tapPostgres = async (databaseUrl: string): Promise<PostgresTap> => {
  const target = new URL(databaseUrl);
  const statements: TappedStatement[] = [];
  const pairs = new Set<Pair>();
  const looks = new Set<(text: string, pair: Pair) => void>();
  let connections = 0;
  const cut = (): void => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
    pairs.clear();
  };
  const tap = createServer((client) => {
    const connection = connections++;
    const server = connect(Number(target.port || 5432), target.hostname);
    const pair = { client, server };
    pairs.add(pair);
    const read = createReader((text) => {
      statements.push({ connection, text });
      for (const look of [...looks]) look(text, pair);
    });
    client.on("data", read);
    client.pipe(server).pipe(client);
    for (const side of [client, server]) {
      // A broken connection is what this is for; both sides see it as their end.
      side.on("error", () => undefined);
      side.on("close", () => {
        client.destroy();
        server.destroy();
        pairs.delete(pair);
      });
    }
  });
  tap.listen(0, "127.0.0.1");
  await once(tap, "listening");
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(tap.address() as AddressInfo).port}`;
  return {
    url: url.href,
    statements,
    loseAnswers() {
      for (const { client, server } of pairs) {
        server.unpipe(client);
        server.resume();
      }
    },
    holdAnswer: (fits) =>
      new Promise((resolve) => {
        const look = (text: string, { client, server }: Pair): void => {
          if (!fits(text)) return;
          looks.delete(look);
          server.unpipe(client);
          resolve({ release: () => void server.pipe(client) });
        };
        looks.add(look);
      }),
    cut,
    async [Symbol.asyncDispose]() {
      const closed = once(tap, "close");
      tap.close();
      cut();
      await closed;
    },
  };
};

/** The two sides of one connection. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

const parse = "P".charCodeAt(0);
const bind = "B".charCodeAt(0);
const query = "Q".charCodeAt(0);

/** Reads what a client says (PostgreSQL manual, "Message Formats"): the text of each statement as it is run. */
const createReader = (onStatement: (text: string) => void): ((chunk: Buffer) => void) => {
  const prepared = new Map<string, string>();
  let pending = Buffer.alloc(0);
  let started = false;
  const readMessage = (type: number, body: Buffer): void => {
    const texts = body.toString("utf8").split("\u0000", 2);
    if (type === parse) prepared.set(texts[0] ?? "", texts[1] ?? "");
    if (type === bind) onStatement(prepared.get(texts[1] ?? "") ?? "");
    if (type === query) onStatement(texts[0] ?? "");
  };
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      // The first message has no type.
      const head = started ? 1 : 0;
      if (pending.length < head + 4) return;
      const end = head + pending.readInt32BE(head);
      if (pending.length < end) return;
      if (started) readMessage(pending[0] ?? 0, pending.subarray(5, end));
      started = true;
      pending = pending.subarray(end);
    }
  };
};
