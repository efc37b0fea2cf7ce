import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import type { DownEvents, Message, RoomDetail, SendMessageBody, UpEvents } from "../src/wire.ts";
import { answerOf } from "./gateway-double-answers.ts";
import { toMessage } from "./test-message.ts";
import { createTestPage } from "./test-room.ts";

/** What a client has asked over REST. */
export interface HeardRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** How one REST request is answered; `cut` closes the connection without an answer. */
export type Answer =
  | "cut"
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };

/** What a client has said over its socket. */
export interface HeardEvent {
  readonly socketId: string;
  readonly name: string;
  readonly payload: unknown;
}

/**
 * A small server that speaks the parts of the contract a client sees, over real HTTP and Socket.IO on loopback, and that a
 * test can make fail. Tokens read `<user id>` or `<user id>:<anything>`; those in `badTokens` are refused. Stores nothing but
 * the messages sent to it, each once per `clientMessageId`.
 */
export interface GatewayDouble extends AsyncDisposable {
  readonly apiUrl: string;
  readonly requests: HeardRequest[];
  /** All but `resume`. */
  readonly events: HeardEvent[];
  /** What clients said they have, at every `resume`. */
  readonly resumes: Readonly<Record<string, number>>[];
  readonly messages: Message[];
  /** Rooms as they are answered, by id; others are answered as rooms of nobody. */
  readonly rooms: Map<string, RoomDetail>;
  /** Waits with the answer to a REST call: it is made before, and sent after. */
  hold: ((request: HeardRequest) => Promise<unknown> | undefined) | undefined;
  /** The token of every socket that tried to connect. */
  readonly handshakes: { readonly token: string; readonly userId: string | undefined }[];
  readonly badTokens: Set<string>;
  /** Rooms that nobody may join. */
  readonly closedRooms: Set<string>;
  /** Rooms whose `join-room` is not answered at all. */
  readonly silentRooms: Set<string>;
  /** While true, `resume` is not answered. */
  isForgetful: boolean;
  /** Answers for the next REST requests, before the usual ones. */
  readonly nextAnswers: Answer[];
  /** What sockets are refused with, while set. */
  refusal: { readonly message: string; readonly code?: string } | undefined;
  /** While true, sockets are taken, but never told that they are admitted. */
  isMute: boolean;
  sockets(): Socket[];
  /** Says something to every socket. */
  emit<Name extends keyof DownEvents>(name: Name, payload: DownEvents[Name]): void;
  /** Ends every transport without a word, as a broken network does. */
  dropTransports(): void;
  /** Stops listening and ends every connection; `start` brings it back on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts a double on a free port of loopback. */
export async function startGatewayDouble(): Promise<GatewayDouble> {
  const http = createServer((request, response) => {
    void handleRequest(double, request, response);
  });
  const io = new Server(http, { transports: ["websocket"], cors: { origin: "*" } });
  let port = 0;
  const double: GatewayDouble = {
    get apiUrl() {
      return `http://127.0.0.1:${port}/v1`;
    },
    requests: [],
    events: [],
    resumes: [],
    messages: [],
    rooms: new Map(),
    hold: undefined,
    handshakes: [],
    badTokens: new Set(),
    closedRooms: new Set(),
    silentRooms: new Set(),
    isForgetful: false,
    nextAnswers: [],
    refusal: undefined,
    isMute: false,
    sockets: () => [...io.sockets.sockets.values()],
    emit: (name, payload) => void io.emit(name, payload),
    dropTransports: () => {
      for (const socket of io.sockets.sockets.values()) socket.conn.close();
    },
    async stop() {
      const closed = once(http, "close");
      http.close();
      io.disconnectSockets(true);
      http.closeAllConnections();
      await closed;
    },
    async start() {
      http.listen(port, "127.0.0.1");
      await once(http, "listening");
      port = (http.address() as AddressInfo).port;
    },
    async [Symbol.asyncDispose]() {
      const closed = io.close();
      http.closeAllConnections();
      await closed;
    },
  };
  serveSockets(double, io);
  await double.start();
  return double;
}

function serveSockets(double: GatewayDouble, io: Server): void {
  io.use((socket, next) => {
    const { token, userId } = socket.handshake.auth as { token: string; userId?: string };
    double.handshakes.push({ token, userId });
    const badToken = { message: "Missing, expired or invalid credential", code: "unauthorized" };
    const refusal = double.badTokens.has(token) ? badToken : double.refusal;
    if (refusal === undefined) return next();
    next(Object.assign(new Error(refusal.message), { data: { code: refusal.code } }));
  });
  io.on("connection", (socket) => {
    const { token } = socket.handshake.auth as { token: string };
    socket.emit("tenant-presence", { userId: userOf(token), online: true });
    if (double.isMute) return;
    socket.emit("tenant-presence-snapshot", { onlineUserIds: [userOf(token)] });
    socket.onAny((name: string, payload: unknown) => {
      if (name !== "resume") double.events.push({ socketId: socket.id, name, payload });
    });
    socket.on("resume", ({ rooms }: UpEvents["resume"]) => {
      double.resumes.push(rooms);
      if (!double.isForgetful) socket.emit("resumed", toResumed(double.messages, rooms));
    });
    socket.on("join-room", ({ roomId }: { roomId: string }) => {
      if (double.silentRooms.has(roomId)) return;
      if (double.closedRooms.has(roomId)) {
        const refused = { event: "join-room", roomId };
        return void socket.emit("error", { message: "Room not found", code: "room_not_found", ...refused });
      }
      socket.emit("joined-room", { roomId });
      socket.emit("presence-snapshot", { roomId, onlineUserIds: [userOf(token)] });
    });
  });
}

async function handleRequest(double: GatewayDouble, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { method = "", url: path = "", headers } = request;
  if (method === "OPTIONS") return answer(response, { status: 204, headers: corsHeaders });
  const isJson = headers["content-type"] === "application/json" && text !== "";
  const heard = { method, path, headers, body: isJson ? (JSON.parse(text) as unknown) : text || undefined };
  double.requests.push(heard);
  const given = double.nextAnswers.shift() ?? usualAnswer(double, heard);
  await double.hold?.(heard);
  answer(response, given);
}

function answer(response: ServerResponse, given: Answer): void {
  if (given === "cut") return void response.destroy();
  const { status, body, headers } = given;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...corsHeaders, ...headers }).end(text);
}

function usualAnswer(double: GatewayDouble, { method, path, headers, body }: HeardRequest): Answer {
  if (path.startsWith("/store/")) return { status: method === "PUT" ? 200 : 405, body: {} };
  const token = String(headers["authorization"]).replace(/^Bearer /, "");
  if (double.badTokens.has(token)) return toAnswer(401, "unauthorized", "Missing, expired or invalid credential");
  const { pathname } = new URL(path, double.apiUrl);
  const [, roomId = "", isOfMessages] = /^\/v1\/chat\/rooms\/([^/]+)(\/messages$)?/.exec(pathname) ?? [];
  if (double.closedRooms.has(decodeURIComponent(roomId))) return toAnswer(404, "room_not_found", "Room not found");
  if (pathname === "/v1/chat/rooms") return { status: 200, body: { rooms: [], nextCursor: null } };
  if (isOfMessages === undefined) {
    const { messages, rooms, apiUrl } = double;
    const roomOf = (id = ""): object => rooms.get(id) ?? { id, participants: [] };
    const context = { method, path: pathname.slice("/v1".length), body, userId: userOf(token), messages, roomOf };
    const known = answerOf({ ...context, origin: new URL(apiUrl).origin });
    return known === undefined ? toAnswer(404, "not_found", "Not found") : { status: 200, body: known };
  }
  if (method === "GET") return { status: 200, body: createTestPage(double.messages.toReversed()) };
  return store(double, decodeURIComponent(roomId), userOf(token), body as SendMessageBody);
}

/** Stores a message once, and tells everybody. */
function store(double: GatewayDouble, roomId: string, senderId: string, sent: SendMessageBody): Answer {
  const known = double.messages.find(({ clientMessageId }) => clientMessageId === sent.clientMessageId);
  if (known !== undefined) return { status: 200, body: known };
  const message = toMessage(double.messages.length + 1, roomId, senderId, sent);
  double.messages.push(message);
  double.emit("new-message", message);
  return { status: 201, body: message };
}

/** What of the messages is later than what the client has. */
function toResumed(messages: readonly Message[], has: UpEvents["resume"]["rooms"]): DownEvents["resumed"] {
  const rooms = Object.entries(has).map(([roomId, position]) => {
    const missed = messages.filter((message) => message.roomId === roomId && message.seq > position);
    const events = missed.map((message) => ({ seq: message.seq, event: "new-message", payload: { ...message } }));
    return { roomId, reset: false, events };
  });
  return { rooms: rooms.filter(({ events }) => events.length > 0), more: false };
}

/** An error answer as the gateway gives it. */
export const toAnswer = (status: number, code: string, error: string): Answer => ({
  status,
  body: { statusCode: status, code, error, message: error, requestId: "req_1" },
});

const corsHeaders = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization, content-type, idempotency-key",
  "access-control-allow-methods": "GET, POST, PATCH, DELETE, PUT, OPTIONS",
};

const userOf = (token: string): string => token.split(":", 1)[0] ?? "";
