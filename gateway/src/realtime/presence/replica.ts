import type { Timers } from "../timers.ts";
import type { PresenceView } from "./view.ts";

/** What gateways tell each other about presence. `version` counts the changes of the gateway that speaks. */
export type PresenceMessage =
  /** Changes, the last of which made this version. */
  | { readonly kind: "changes"; readonly from: string; readonly version: number; readonly changes: readonly Change[] }
  /** Still here, at this version. */
  | { readonly kind: "beat"; readonly from: string; readonly version: number }
  /** Part of all that it has; `last` ends it. */
  | {
      readonly kind: "all";
      readonly from: string;
      readonly version: number;
      readonly part: number;
      readonly last: boolean;
      readonly entries: readonly Entry[];
    }
  /** Tell all that you have; to one gateway, or to every one. */
  | { readonly kind: "ask"; readonly from: string; readonly to: string | null }
  /** It ends. */
  | { readonly kind: "bye"; readonly from: string };

export type Entry = readonly [place: string, userId: string];
type Change = readonly [place: string, userId: string, here: 0 | 1];

/**
 * Keeps the presence of all gateways in each of them. What a gateway has is a lease: it says so every `beatMs`, and who
 * is not heard for `leaseMs` is gone with all its users. Every message may be lost: versions show it, and whoever is
 * behind asks for all of it.
 *
 * Concurrency: synchronous; messages of one gateway arrive in the order in which it sent them, or not at all.
 */
export interface PresenceReplica {
  /** A socket of the user is in the place, one more or one less. */
  enter(place: string, userId: string): void;
  leave(place: string, userId: string): void;
  /** All sockets of the user here are out of the place. */
  leaveAll(place: string, userId: string): void;
  /** Sockets of the user here in the place. */
  count(place: string, userId: string): number;
  hear(message: PresenceMessage): void;
  /** Gateways that are heard. */
  peers(): number;
  /** True while all that they said so far is known here. */
  isComplete(): boolean;
  /** What others said may have been missed: ask all of them, and tell all that is here. */
  resync(): void;
  stop(): void;
}

export interface PresenceReplicaOptions {
  readonly self: string;
  readonly view: PresenceView;
  readonly timers: Timers;
  readonly now: () => number;
  readonly send: (message: PresenceMessage) => void;
}

export const beatMs = 2000;
export const leaseMs = 7000;
const collectMs = 5;
const answerMs = 20;
/** Of the entries in one message, below what a notification can carry. */
const messageCharsMax = 2000;

interface Peer {
  version: number;
  /** It has said more than is known here. */
  behind: boolean;
  heardAt: number;
  /** Parts of all that it has, as far as they came. */
  parts: Entry[] | undefined;
  partsVersion: number;
  nextPart: number;
}

export const createPresenceReplica = ({ self, view, timers, now, send }: PresenceReplicaOptions): PresenceReplica => {
  const sockets = new Map<string, number>();
  const peers = new Map<string, Peer>();
  let version = 0;
  let changes: Change[] = [];
  let collector: unknown;
  let beater: unknown;
  let asked: unknown;

  const tell = (place: string, userId: string, here: 0 | 1): void => {
    view.set(self, place, userId, here === 1);
    changes.push([place, userId, here]);
    collector ??= timers.setTimeout(flush, collectMs);
  };

  const flush = (): void => {
    timers.clearTimeout(collector);
    collector = undefined;
    for (const part of chunk(changes)) {
      version++;
      send({ kind: "changes", from: self, version, changes: part });
    }
    changes = [];
  };

  const tellAll = (): void => {
    timers.clearTimeout(asked);
    asked = undefined;
    flush();
    const entries = [...sockets.keys()].map((key) => JSON.parse(key) as Entry);
    const parts = chunk(entries);
    if (parts.length === 0) parts.push([]);
    for (const [part, some] of parts.entries()) {
      send({ kind: "all", from: self, version, part, last: part === parts.length - 1, entries: some });
    }
  };

  const beat = (): void => {
    flush();
    send({ kind: "beat", from: self, version });
    for (const [name, peer] of peers) {
      if (now() - peer.heardAt <= leaseMs) continue;
      peers.delete(name);
      view.drop(name);
    }
    beater = timers.setTimeout(beat, beatMs);
  };

  const changeCount = (place: string, userId: string, by: number): void => {
    const key = JSON.stringify([place, userId]);
    const before = sockets.get(key) ?? 0;
    const after = Math.max(0, before + by);
    if (after === 0) sockets.delete(key);
    else sockets.set(key, after);
    if (before === 0 && after > 0) tell(place, userId, 1);
    if (before > 0 && after === 0) tell(place, userId, 0);
  };

  const hearAll = (message: PresenceMessage & { readonly kind: "all" }, peer: Peer): void => {
    if (message.part === 0) [peer.parts, peer.partsVersion, peer.nextPart] = [[], message.version, 0];
    if (!peer.parts || message.part !== peer.nextPart || message.version !== peer.partsVersion) {
      // A part is missing: the next beat shows that we are behind.
      peer.parts = undefined;
      return;
    }
    peer.parts.push(...message.entries);
    peer.nextPart++;
    if (!message.last) return;
    view.replace(message.from, peer.parts);
    peer.version = message.version;
    peer.parts = undefined;
  };

  beater = timers.setTimeout(beat, beatMs);
  return {
    enter: (place, userId) => changeCount(place, userId, 1),
    leave: (place, userId) => changeCount(place, userId, -1),
    leaveAll: (place, userId) => changeCount(place, userId, -Infinity),
    count: (place, userId) => sockets.get(JSON.stringify([place, userId])) ?? 0,
    peers: () => peers.size,
    isComplete: () => [...peers.values()].every((peer) => !peer.behind),
    hear(message) {
      if (message.from === self) return;
      if (message.kind === "ask") {
        // Of several who missed the same, all are answered at once.
        if (message.to === null || message.to === self) asked ??= timers.setTimeout(tellAll, answerMs);
        return;
      }
      if (message.kind === "bye") {
        peers.delete(message.from);
        view.drop(message.from);
        return;
      }
      const peer = peers.get(message.from) ?? {
        version: -1,
        behind: true,
        heardAt: 0,
        parts: undefined,
        partsVersion: -1,
        nextPart: 0,
      };
      peers.set(message.from, peer);
      peer.heardAt = now();
      if (message.kind === "all") hearAll(message, peer);
      else if (message.kind === "changes" && message.version === peer.version + 1) {
        for (const [place, userId, here] of message.changes) view.set(message.from, place, userId, here === 1);
        peer.version = message.version;
      } else if (message.version > peer.version) send({ kind: "ask", from: self, to: message.from });
      peer.behind = message.version > peer.version;
    },
    resync() {
      send({ kind: "ask", from: self, to: null });
      tellAll();
    },
    stop() {
      flush();
      send({ kind: "bye", from: self });
      timers.clearTimeout(beater);
      timers.clearTimeout(collector);
      timers.clearTimeout(asked);
    },
  };
};

/** Splits a list so that each part stays below what one message can carry. */
const chunk = <T extends readonly unknown[]>(items: readonly T[]): T[][] => {
  const parts: T[][] = [];
  let chars = Infinity;
  for (const item of items) {
    const size = JSON.stringify(item).length;
    if (chars + size > messageCharsMax) {
      parts.push([]);
      chars = 0;
    }
    parts.at(-1)?.push(item);
    chars += size;
  }
  return parts;
};
