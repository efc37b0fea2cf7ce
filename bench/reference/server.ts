import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createAdapter } from "@socket.io/postgres-adapter";
import Fastify from "fastify";
import { SignJWT, jwtVerify } from "jose";
import pg from "pg";
import { Server } from "socket.io";
import type { SendBody } from "./send-message.ts";
import { sendMessage } from "./send-message.ts";

/**
 * The reference: what a good engineer builds in a week from the same parts, and no worse than need be. Fastify and
 * Socket.IO with the stock Postgres adapter, websocket only, one pool of ten connections, prepared statements, API keys
 * remembered, tokens verified with an imported key, membership checked, one transaction for each message, and after its
 * commit a broadcast through the adapter. It keeps no order between gateways and nothing of what was missed.
 */
const { DATABASE_URL = "", TOKEN_KEY = "" } = process.env;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
// Without these two the adapter ends the process when a connection breaks.
pool.on("error", () => undefined);
pool.on("connect", (client) => client.on("error", () => undefined));

const tokenKey = await crypto.subtle.importKey(
  "raw",
  new Uint8Array(Buffer.from(TOKEN_KEY, "base64")),
  { name: "HMAC", hash: "SHA-256" },
  false,
  ["sign", "verify"],
);
const knownKeys = new Map<string, number>();
const keyMsMax = 5000;

const isKnownKey = async (apiKey: string): Promise<boolean> => {
  const hash = createHash("sha256").update(apiKey).digest();
  const key = hash.toString("hex");
  if ((knownKeys.get(key) ?? 0) > Date.now()) return true;
  const { rowCount } = await pool.query({
    name: "find-key",
    text: "select from api_keys where key_hash = $1",
    values: [hash],
  });
  if (rowCount === 0) return false;
  knownKeys.set(key, Date.now() + keyMsMax);
  return true;
};

const app = Fastify({ logger: false });
const io = new Server(app.server, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });
io.adapter(createAdapter(pool, { payloadThreshold: 7500 }));

io.use((socket, next) => {
  const token = String(socket.handshake.auth["token"] ?? "");
  const admit = async (): Promise<void> => {
    const { payload } = await jwtVerify(token, tokenKey, { algorithms: ["HS256"] });
    const { rows } = await pool.query<{ room_id: string }>({
      name: "list-rooms",
      text: "select room_id from participants where user_id = $1",
      values: [payload.sub],
    });
    await socket.join(rows.map(({ room_id: roomId }) => roomId));
  };
  admit().then(
    () => next(),
    (error: Error) => next(error),
  );
});

app.addHook("onRequest", async (request, reply) => {
  const { "x-api-key": apiKey } = request.headers;
  if (typeof apiKey !== "string" || !(await isKnownKey(apiKey))) await reply.code(401).send({ error: "unauthorized" });
});

const bodySchema = {
  type: "object",
  required: ["senderId", "parts"],
  properties: {
    senderId: { type: "string", minLength: 1, maxLength: 255 },
    parts: {
      type: "array",
      minItems: 1,
      maxItems: 32,
      items: {
        type: "object",
        required: ["type", "text"],
        properties: { type: { const: "text" }, text: { type: "string", minLength: 1, maxLength: 10_000 } },
      },
    },
  },
};

app.post<{ Params: { roomId: string }; Body: SendBody }>(
  "/v1/chat/rooms/:roomId/messages",
  { schema: { body: bodySchema } },
  async (request, reply) => {
    const message = await sendMessage(pool, request.params.roomId, request.body);
    if (!message) return reply.code(403).send({ error: "not_a_participant" });
    io.to(message.roomId).emit("new-message", message);
    return reply.code(201).send(message);
  },
);

app.post<{ Body: { userId: string } }>("/v1/auth/token", async (request) => ({
  token: await new SignJWT().setProtectedHeader({ alg: "HS256" }).setSubject(request.body.userId).sign(tokenKey),
}));

await app.listen({ port: 0, host: "127.0.0.1" });
process.once("disconnect", () => process.exit());
process.send?.({ port: (app.server.address() as AddressInfo).port });
