import type { Dialect, MemberSpec } from "./protocol.ts";
import type { OrderBook } from "./order-book.ts";
import { createOrderBook } from "./order-book.ts";
import type { WsConnection } from "./ws-connection.ts";
import { openWsConnection } from "./ws-connection.ts";

/** A message as far as the driver looks at it: found by searching its bytes, not by parsing them. */
export interface Arrival {
  readonly roomId: string;
  readonly seq: number;
  /** When it was meant to be sent, on the driver's clock; NaN when the text does not say. */
  readonly sentAt: number;
}

export interface MemberEvents {
  /** First arrival of a message of one of its rooms. */
  onDelivery(member: Member, arrival: Arrival): void;
  onForeign(member: Member): void;
  /** The connection is over and nobody asked for it. */
  onLost(member: Member, reason: string): void;
  /** After coming back it has all that it missed. */
  onCaughtUp(member: Member, resets: number): void;
}

/** A user with a connection. Keeps the books of its rooms over all its connections, as a client SDK does. */
export interface Member {
  readonly pod: number;
  readonly books: Map<string, OrderBook>;
  /** Events that came both live and by resuming. */
  readonly overlapped: number;
  /** It stopped to read once: what it gets is late by its own fault. */
  readonly wasPaused: boolean;
  /** Connects, for the first time or again. Rejects when refused. */
  connect(url: string, pod: number): Promise<void>;
  pause(paused: boolean): void;
  close(): void;
}

export const createMember = (dialect: Dialect, spec: MemberSpec, events: MemberEvents): Member => {
  const books = new Map(Object.entries(spec.rooms).map(([roomId, seq]) => [roomId, createOrderBook(seq)]));
  let connection: WsConnection | undefined;
  let pod = spec.pod;
  let connects = 0;
  let overlapped = 0;
  let resets = 0;
  let wasPaused = false;
  /** Live events that came while what was missed before them is on its way. */
  let held: Arrival[] | undefined;

  const deliver = (arrival: Arrival): void => {
    const book = books.get(arrival.roomId);
    if (!book) events.onForeign(member);
    else if (connects > 1 && arrival.seq <= book.last) overlapped++;
    else if (book.take(arrival.seq)) events.onDelivery(member, arrival);
  };
  const finishResume = (text: string): void => {
    const [, { rooms, more }] = JSON.parse(text) as ["resumed", Resumed];
    for (const room of rooms) {
      if (room.reset) resets++;
      for (const event of room.events) {
        if (event.event === "new-message") deliver({ roomId: room.roomId, seq: event.seq, sentAt: Number.NaN });
      }
    }
    if (more) return;
    const live = held ?? [];
    held = undefined;
    for (const arrival of live) deliver(arrival);
    events.onCaughtUp(member, resets);
  };
  const onEvent = (bytes: Buffer, start: number, end: number): void => {
    if (isNewMessage(bytes, start)) {
      const arrival = readArrival(bytes, start, end);
      if (held) held.push(arrival);
      else deliver(arrival);
    } else if (bytes.toString("latin1", start + 2, start + 12) === '["resumed"') {
      finishResume(bytes.toString("utf8", start + 2, end));
    }
  };

  const connect = (url: string, ready: () => void, refuse: (reason: string) => void): void => {
    let accepted = false;
    const accept = (): void => {
      accepted = true;
      connection = mine;
      connects++;
      if (connects > 1) {
        held = [];
        const rooms = Object.fromEntries([...books].map(([roomId, { last }]) => [roomId, last]));
        mine.send(`42${JSON.stringify(["resume", { rooms }])}`);
      }
      ready();
    };
    const mine = openWsConnection({
      url,
      path: dialect === "socket.io" ? "/socket.io/?EIO=4&transport=websocket" : "/",
      onOpen: () => {
        if (dialect === "bare") accept();
      },
      onText(bytes, start, end) {
        const packet = bytes.toString("latin1", start, Math.min(end, start + 2));
        if (packet === "42") onEvent(bytes, start, end);
        else if (packet === "2") mine.send("3");
        else if (packet === "40") accept();
        else if (packet === "44") refuse(bytes.toString("utf8", start, end));
        else if (packet.startsWith("0")) mine.send(`40${JSON.stringify({ token: spec.token })}`);
      },
      onClose(reason) {
        if (!accepted) refuse(reason);
        else if (connection === mine) events.onLost(member, reason);
      },
    });
  };

  const member: Member = {
    get pod() {
      return pod;
    },
    books,
    get overlapped() {
      return overlapped;
    },
    get wasPaused() {
      return wasPaused;
    },
    async connect(url, podOfUrl) {
      pod = podOfUrl;
      connection = undefined;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      connect(url, resolve, (reason) => reject(new Error(`unable to connect; ${reason}`)));
      await promise;
    },
    pause(paused) {
      wasPaused = true;
      if (paused) connection?.pause();
      else connection?.resume();
    },
    close() {
      const open = connection;
      connection = undefined;
      open?.destroy();
    },
  };
  return member;
};

interface Resumed {
  readonly rooms: readonly {
    readonly roomId: string;
    readonly reset: boolean;
    readonly events: readonly { readonly seq: number; readonly event: string }[];
  }[];
  readonly more: boolean;
}

const newMessage = Buffer.from('42["new-message",');
const roomIdKey = Buffer.from('"roomId":"');
const seqKey = Buffer.from('"seq":');
const sentAtKey = Buffer.from('"text":"t=');
const roomIdChars = 36;

const isNewMessage = (bytes: Buffer, start: number): boolean =>
  newMessage.compare(bytes, start, Math.min(bytes.length, start + newMessage.length)) === 0;

const readArrival = (bytes: Buffer, start: number, end: number): Arrival => {
  const roomAt = indexWithin(bytes, roomIdKey, start, end);
  const seqAt = indexWithin(bytes, seqKey, start, end);
  const sentAt = bytes.indexOf(sentAtKey, start);
  return {
    roomId: bytes.toString("latin1", roomAt, roomAt + roomIdChars),
    seq: Number.parseInt(bytes.toString("latin1", seqAt, seqAt + 12), 10),
    sentAt:
      sentAt < 0 || sentAt > end
        ? Number.NaN
        : Number.parseFloat(bytes.toString("latin1", sentAt + sentAtKey.length, sentAt + sentAtKey.length + 16)),
  };
};

/** Where the value after a key begins. */
const indexWithin = (bytes: Buffer, key: Buffer, start: number, end: number): number => {
  const at = bytes.indexOf(key, start);
  if (at < 0 || at >= end) throw new Error(`unable to read a message; it has no ${key.toString()}`);
  return at + key.length;
};
