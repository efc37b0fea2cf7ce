import { Inbox } from "../src/inbox.ts";
import type { DownEvents, UpEvents } from "../src/wire.ts";
import { type TestClock, createTestClock } from "./test-clock.ts";

/**
 * What stands in a room's log: `update` changes the room's first message, `silent` takes a number and is never sent,
 * `newer` is unknown to the SDK.
 */
export type Kind = "message" | "update" | "change" | "newer" | "silent";

/** Events that are on their way to the client over one socket, and arrive together. */
type Packet = readonly (readonly [name: string, payload: object])[];

/**
 * The gateway's side of the rooms, in memory and moved by hand, with an inbox at the other end. It keeps the gateway's
 * promises: a socket gets in order what is committed after it was opened, and an answer is what stood in the log at one
 * moment. What it notes down of the app's side is what `checkRooms` judges.
 */
export class RoomServer {
  readonly logs = new Map<string, Kind[]>();
  /** What the app was told and has read, in this order. */
  readonly told: Told[] = [];
  readonly clock: TestClock = createTestClock();
  readonly inbox: Inbox;
  /** Packets of the socket in use, and of the one before it while both are open. */
  #packets: Packet[] = [];
  #oldPackets: Packet[] = [];
  #isUp = false;
  #isOldOpen = false;
  #question: UpEvents["resume"]["rooms"] | undefined;
  /** An answer that was read from the log, and not sent yet. */
  #answer: Packet[] = [];
  #readings: { readonly roomId: string; readonly seq: number; readonly epoch: number }[] = [];
  readonly #eventsMax: number;

  constructor(roomIds: readonly string[], eventsMax: number) {
    this.#eventsMax = eventsMax;
    for (const roomId of roomIds) this.logs.set(roomId, []);
    this.inbox = new Inbox(this.clock, {
      emit: (_name, { rooms }) => {
        this.#question = rooms;
      },
      cut: () => this.drop(),
      deliver: ({ roomId, seq, payload }) => {
        const { targetUserId = "" } = payload as { readonly targetUserId?: string };
        this.told.push({ what: "event", roomId, seq, about: targetUserId });
      },
      reset: (roomId) => this.told.push({ what: "reset", roomId, seq: 0 }),
    });
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  commit(roomId: string, kind: Kind): void {
    const log = this.logs.get(roomId) ?? [];
    log.push(kind);
    if (!this.#isUp) return;
    const packet = toPacket(roomId, log.length, kind);
    this.#packets.push(packet);
    if (this.#isOldOpen) this.#oldPackets.push(packet);
  }

  /** Opens another socket. With `overlap` the one before it stays open, and what is on its way on it arrives. */
  connect(overlap: boolean): void {
    this.#isOldOpen = overlap && this.#isUp;
    this.#oldPackets = this.#isOldOpen ? this.#packets : [];
    this.#packets = [];
    this.#question = undefined;
    this.#answer = [];
    this.#isUp = true;
    this.inbox.up([]);
  }

  drop(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#isOldOpen = false;
    this.#packets = [];
    this.#oldPackets = [];
    this.#question = undefined;
    this.#answer = [];
    this.inbox.down();
  }

  /** Lets the next packet arrive, `times` times over. */
  arrive(isOld: boolean, times: number): void {
    const packet = (isOld ? this.#oldPackets : this.#packets).shift();
    if (packet === undefined) return;
    for (let time = 0; time < times; time += 1) for (const event of packet) this.inbox.receive(...event);
  }

  /** Reads from the log what the client has missed. */
  look(): void {
    if (this.#question === undefined || this.#answer.length > 0) return;
    const rooms = Object.entries(this.#question).flatMap(([roomId, position]) => this.#missedIn(roomId, position));
    this.#question = undefined;
    const parts = rooms.length === 0 ? [[]] : rooms.map((room) => [room]);
    this.#answer = parts.map((part, index) => [["resumed", { rooms: part, more: index < parts.length - 1 }]]);
  }

  /** Sends the answer that was read. */
  answer(): void {
    this.#packets.push(...this.#answer);
    this.#answer = [];
  }

  refuse(code: string): void {
    if (this.#question === undefined) return;
    this.#question = undefined;
    this.inbox.refused({ message: "no", code, event: "resume" });
  }

  /** The app asks where a room stands; the server answers at once, and the answer is on its way. */
  startReading(roomId: string): void {
    this.#readings.push({ roomId, seq: this.logs.get(roomId)?.length ?? 0, epoch: this.inbox.epoch });
  }

  endReading(): void {
    const reading = this.#readings.shift();
    if (reading === undefined) return;
    this.told.push({ what: "reading", ...reading });
    this.inbox.learn(reading.roomId, reading.seq, reading.epoch);
  }

  /** Lets everything arrive that is on its way, and answers every question. */
  settle(): void {
    while (this.#readings.length > 0) this.endReading();
    for (;;) {
      this.look();
      this.answer();
      if (this.#packets.length + this.#oldPackets.length === 0) break;
      while (this.#oldPackets.length > 0) this.arrive(true, 1);
      while (this.#packets.length > 0) this.arrive(false, 1);
    }
  }

  #missedIn(roomId: string, position: number): DownEvents["resumed"]["rooms"] {
    const log = this.logs.get(roomId) ?? [];
    const missed = log.slice(position);
    if (missed.length === 0) return [];
    if (missed.length > this.#eventsMax) return [{ roomId, reset: true, events: [] }];
    const events = missed.flatMap((kind, index) => {
      const seq = position + index + 1;
      return toPacket(roomId, seq, kind).map(([event, payload]) => ({ seq, event, payload: { ...payload } }));
    });
    return [{ roomId, reset: false, events }];
  }
}

/** One line of what the app knows. */
export interface Told {
  readonly what: "event" | "reset" | "reading";
  readonly roomId: string;
  readonly seq: number;
  /** The user whom a change is about. */
  readonly about?: string;
}

function toPacket(roomId: string, seq: number, kind: Kind): Packet {
  if (kind === "silent") return [];
  if (kind === "newer") return [["reaction-added", { roomId, seq }]];
  if (kind === "message") return [["new-message", { id: `${roomId}-${seq}`, roomId, seq }]];
  if (kind === "update") return [["message-updated", { id: `${roomId}-1`, roomId, seq: 1, changeSeq: seq }]];
  // One change that is about two users.
  return changed.map((targetUserId) => ["room-participants-changed", { roomId, seq, targetUserId }] as const);
}

/** One change can be about two users, and is two events then. */
const changed = ["bob", "cem"];

/**
 * Judges what an app was told: in each room `seq` never falls and nothing comes twice; and from the first reading or
 * event on, nothing that was sent is missing, unless a reset came in between. With `isSettled` nothing is missing at the
 * end either.
 */
export function findFaults({ logs, told }: RoomServer, isSettled: boolean): string[] {
  const faults: string[] = [];
  for (const [roomId, log] of logs) {
    const heard = told.filter((line) => line.roomId === roomId);
    /** What the app has to be told next; undefined while it has to read. */
    let next: number | undefined;
    let top = 0;
    const seen = new Set<string>();
    const miss = (from: number, to: number): void => {
      for (let seq = from; seq < to; seq += 1) {
        for (const about of expectedOf(log[seq - 1])) {
          if (!seen.has(`${seq} ${about}`)) faults.push(`${roomId}: ${seq} is missing before ${to}`);
        }
      }
    };
    for (const { what, seq, about = "" } of heard) {
      if (what === "reset") next = undefined;
      else if (what === "reading") next ??= Math.max(seq, top) + 1;
      else {
        if (seen.has(`${seq} ${about}`)) faults.push(`${roomId}: ${seq} comes twice`);
        if (seq < top) faults.push(`${roomId}: ${seq} comes after ${top}`);
        if (next !== undefined) miss(next, seq);
        seen.add(`${seq} ${about}`);
        top = Math.max(seq, top);
        next = seq === top ? Math.max(next ?? seq, seq) : next;
      }
    }
    if (isSettled && next !== undefined) miss(next, log.length + 1);
  }
  return faults;
}

/** Whom the events of one place are about. */
const expectedOf = (kind: Kind | undefined): readonly string[] =>
  kind === "silent" ? [] : kind === "change" ? changed : [""];
