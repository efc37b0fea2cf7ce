import type { Duplex } from "node:stream";
import type pg from "pg";

/** Cuts a connection at once. Ending it would first wait for a peer that may be gone without a word. */
export const cut = (client: pg.Client): void => void streamOf(client).destroy();

/**
 * Hands what `send` asks of a connection to the system in one write, and not in one for each statement: a system call
 * costs more than all that the driver does for a statement, and the server wakes up once.
 */
export const sendTogether = <T>(client: pg.ClientBase, send: () => T): T => {
  const stream = streamOf(client);
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
};

// The types leave out the connection, which has been public since the driver began.
const streamOf = (client: pg.ClientBase): Duplex =>
  (client as pg.ClientBase & { readonly connection: { readonly stream: Duplex } }).connection.stream;

/** Ends a connection in order, or cuts it when the server does not answer within `msMax`. Never rejects. */
export const endOrCut = async (client: pg.Client, msMax = endMsMax): Promise<void> => {
  const timer = setTimeout(() => cut(client), msMax);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
};

const endMsMax = 500;
