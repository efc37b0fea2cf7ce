import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/postgres-adapter";
import pg from "pg";
import { Server } from "socket.io";

/**
 * A chat server as one writes it from the README of `@socket.io/postgres-adapter`: a pool, an INSERT per message, then a
 * broadcast. It is here to be found out by the checker. It speaks as much of our contract as the harness needs; a token is
 * `<user>/<room>/<room>…`.
 */
const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"] });
await pool.query(`
  create table if not exists socket_io_attachments (id bigserial unique, created_at timestamptz default now(), payload bytea);
  create table if not exists naked_rooms (room text primary key, last_seq int not null default 1);
  create table if not exists naked_messages (
    room text, seq int, id text, sender text, send_id text unique, parts json, primary key (room, seq)
  )`);
pool.on("error", () => undefined);
// Without this the first lost connection would end the process: nobody listens for errors of a client that is in use.
process.on("uncaughtException", () => undefined);

const http = createServer((request, response) => {
  void answer(request.method ?? "", new URL(request.url ?? "", "http://x"), request).then(
    (body) => response.setHeader("content-type", "application/json").end(JSON.stringify(body)),
    () => response.writeHead(503).end("{}"),
  );
});
const io = new Server(http);
io.adapter(createAdapter(pool));
io.on("connection", (socket) => {
  const token: unknown = socket.handshake.auth["token"];
  const [, ...rooms] = String(token).split("/");
  void socket.join(rooms);
});
http.listen(Number(process.env["PORT"]), process.env["HOST"]);

const answer = async (method: string, { pathname, searchParams }: URL, request: AsyncIterable<Buffer>) => {
  const room = /^\/v1\/chat\/rooms\/([^/]+)\/messages$/.exec(pathname)?.[1];
  if (room === undefined) return pathname === "/readyz" ? {} : listRooms();
  if (method === "GET") return await listMessages(room, Number(searchParams.get("cursor") ?? 2 ** 31 - 1));
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return await send(room, JSON.parse(Buffer.concat(chunks).toString()));
};

interface SendBody {
  readonly senderId: string;
  readonly clientMessageId: string;
  readonly parts: readonly object[];
}

const send = async (room: string, { senderId, clientMessageId, parts }: SendBody) => {
  const { rows } = await pool.query(
    `with next as (update naked_rooms set last_seq = last_seq + 1 where room = $1 returning last_seq)
     insert into naked_messages (room, seq, id, sender, send_id, parts)
     select $1, last_seq, $2, $3, $4, $5 from next returning *`,
    [room, randomUUID(), senderId, clientMessageId, JSON.stringify(parts)],
  );
  const message = toMessage(rows[0]);
  io.to(room).emit("new-message", message);
  return message;
};

const listMessages = async (room: string, before: number) => {
  const { rows } = await pool.query(
    "select * from naked_messages where room = $1 and seq < $2 order by seq desc limit 100",
    [room, before],
  );
  return { messages: rows.map(toMessage), nextCursor: rows.length < 100 ? null : String(rows.at(-1).seq) };
};

const listRooms = async () => {
  const { rows } = await pool.query<{ room: string }>("select room from naked_rooms");
  return { rooms: rows.map(({ room }) => ({ id: room })) };
};

type Row = Readonly<Record<"id" | "room" | "seq" | "sender" | "send_id" | "parts", unknown>>;

const toMessage = ({ id, room, seq, sender, send_id, parts }: Row) => {
  return { id, roomId: room, seq, senderId: sender, clientMessageId: send_id, parts };
};
