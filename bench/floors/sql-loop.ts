import { randomUUID } from "node:crypto";
import pg from "pg";

/**
 * Writes messages straight into the tables of the reference, as fast as Postgres takes them: what is left when
 * everything but the statement is taken away. Does what it is told over its channel.
 */
export interface SqlLoopCommand {
  readonly shape: SqlShape;
  readonly roomIds: readonly string[];
  readonly senderId: string;
  readonly connections: number;
  readonly ms: number;
}

export type SqlShape =
  /** One row, one statement, one commit. */
  | "single"
  /** `batchRows` rows in one statement and one commit. */
  | "batched"
  /** One row, and its NOTIFY in the same transaction. */
  | "notify-in-transaction"
  /** The room's counter and one row in one transaction. */
  | "row-lock";

export interface SqlLoopAnswer {
  readonly rows: number;
  readonly ms: number;
}

const { DATABASE_URL = "" } = process.env;
const batchRows = 64;
const parts = JSON.stringify([{ type: "text", text: "".padEnd(80, ".") }]);
const columns = "(room_id, seq, message_id, sender_id, parts)";
/** Numbers that no room counts up to, so that the shapes may use the same rooms. */
let seq = 2 ** 40 + Math.floor(Math.random() * 2 ** 38);

const texts: Readonly<Record<SqlShape, string>> = {
  single: `insert into messages ${columns} values ($1, $2, $3, $4, $5)`,
  batched: `insert into messages ${columns} select * from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::json[])`,
  "notify-in-transaction": `
    with stored as (insert into messages ${columns} values ($1, $2, $3, $4, $5) returning room_id, seq, parts)
    select pg_notify('bench', row_to_json(stored)::text) from stored`,
  "row-lock": `
    with counted as (update rooms set last_seq = last_seq + 1 where room_id = $1 returning last_seq)
    insert into messages ${columns} select $1, last_seq, $2, $3, $4 from counted`,
};

const clients: pg.Client[] = [];

const run = async ({ shape, roomIds, senderId, connections, ms }: SqlLoopCommand): Promise<SqlLoopAnswer> => {
  while (clients.length < connections) {
    const client = new pg.Client({ connectionString: DATABASE_URL });
    await client.connect();
    clients.push(client);
  }
  let rows = 0;
  let turn = 0;
  const startedAt = performance.now();
  const deadline = startedAt + ms;
  const nextRow = (): unknown[] => {
    const [roomId, messageId] = [roomIds[turn++ % roomIds.length], randomUUID()];
    return shape === "row-lock" ? [roomId, messageId, senderId, parts] : [roomId, seq++, messageId, senderId, parts];
  };
  const work = async (client: pg.Client): Promise<void> => {
    while (performance.now() < deadline) {
      const values = shape === "batched" ? toColumns(Array.from({ length: batchRows }, nextRow)) : nextRow();
      await client.query({ name: shape, text: texts[shape], values });
      rows += shape === "batched" ? batchRows : 1;
    }
  };
  await Promise.all(clients.slice(0, connections).map(work));
  return { rows, ms: performance.now() - startedAt };
};

const toColumns = (rows: readonly unknown[][]): unknown[][] =>
  [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column]));

process.on("message", (command: SqlLoopCommand) => {
  run(command).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.once("disconnect", () => process.exit());
process.send?.({ ready: true });
