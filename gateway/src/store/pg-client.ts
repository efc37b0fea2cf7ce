import type pg from "pg";

/** Cuts a connection at once. Ending it would first wait for a peer that may be gone without a word. */
export const cut = (client: pg.Client): void => {
  // The types leave out the connection, which has been public since the driver began.
  (client as pg.Client & { readonly connection: { readonly stream: { destroy(): void } } }).connection.stream.destroy();
};

/** Ends a connection in order, or cuts it when the server does not answer within `msMax`. Never rejects. */
export const endOrCut = async (client: pg.Client, msMax = endMsMax): Promise<void> => {
  const timer = setTimeout(() => cut(client), msMax);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
};

const endMsMax = 500;
