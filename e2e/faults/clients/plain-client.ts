import type { Socket } from "socket.io-client";
import { io } from "socket.io-client";
import type { WireMessage } from "../load/payload.ts";
import { toSeen } from "../load/payload.ts";
import type { Rest } from "../load/rest.ts";
import { createRest } from "../load/rest.ts";
import type { ChatClient, ClientCounts, ClientOptions } from "./chat-client.ts";
import type { Reader } from "./reader.ts";
import { createReader } from "./reader.ts";

/**
 * A client as the published ones are: plain Socket.IO with its own reconnection, no idea of `seq`, no `join-room` after
 * a reconnect, and never another try after a refusal. What it missed it reads by REST, newest page first.
 */
export const createPlainClient = (options: ClientOptions): ChatClient & Disposable => {
  const { recorder, name: client, tenant, user, token, origin } = options;
  const rest = createRest({ origin, credentials: { authorization: `Bearer ${token}` }, connectionsMax: 2 });
  const reader = createReader({ recorder, client, resumes: false, ...pagesBy(rest) });
  const counts: ClientCounts = { connects: 0, losses: 0, refusals: [] };
  let epoch = 0;
  let isStarted = false;

  const socket: Socket = io(origin, {
    auth: { token },
    transports: ["websocket", "polling"],
    forceNew: true,
    autoConnect: false,
  });

  socket.on("connect", () => {
    counts.connects++;
    epoch++;
    recorder.note({ kind: "connect", client, epoch });
    reader.open(epoch);
    reader.readAll();
  });
  socket.on("disconnect", (reason) => {
    reader.close();
    recorder.note({ kind: "disconnect", client, epoch, reason });
    if (reason !== "io client disconnect") counts.losses++;
  });
  socket.on("connect_error", (error) => {
    // Socket.IO tries again by itself, except after a refusal by the server.
    if (!socket.active) counts.refusals.push(error.message);
  });
  socket.on("new-message", (message: WireMessage) => {
    recorder.note({ kind: "recv", client, epoch, room: message.roomId, ...toSeen(message) });
    reader.show(message.roomId, message.id);
  });
  takeChanges(socket, reader, user, (change) => recorder.note({ kind: "change", client, epoch, ...change }));

  return {
    facts: { client, kind: "plain", tenant, user, staysToTheEnd: true },
    counts,
    get isStarted() {
      return isStarted;
    },
    start() {
      isStarted = true;
      socket.connect();
    },
    cut: () => void socket.io.engine?.close(),
    leave() {
      isStarted = false;
      socket.disconnect();
    },
    isSynced: () => socket.connected && reader.isWhole(),
    has: reader.has,
    [Symbol.dispose]() {
      isStarted = false;
      socket.disconnect();
      rest.close();
    },
  };
};

interface Change {
  readonly room: string;
  readonly user: string;
  readonly action: "joined" | "left" | "removed";
  readonly seq: number;
}

interface WireChange extends Pick<Change, "action" | "seq"> {
  readonly roomId: string;
  readonly targetUserId: string;
}

const takeChanges = (socket: Socket, reader: Reader, user: string, note: (change: Change) => void): void => {
  socket.on("room-participants-changed", ({ roomId, action, targetUserId, seq }: WireChange) => {
    note({ room: roomId, user: targetUserId, action, seq });
    if (targetUserId !== user) return;
    if (action === "joined") reader.readRoom(roomId);
    else reader.drop(roomId);
  });
};

/** How the rooms of a user and their pages are read; 100 is what a page can hold. */
const pagesBy = (rest: Rest) => ({
  async listRooms(): Promise<readonly string[]> {
    const { status, body } = await rest.call("GET", "/chat/rooms?limit=100");
    if (status !== 200) throw new Error(`unable to list rooms; ${status}`);
    return body.rooms.map(({ id }: { readonly id: string }) => id);
  },
  async fetchPage(room: string, cursor: string | undefined) {
    const more = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await rest.call("GET", `/chat/rooms/${room}/messages?limit=100${more}`);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`unable to list messages; ${status}`);
    return body;
  },
});
