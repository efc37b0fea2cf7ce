import type { Violations } from "./order-book.ts";

/** One connection that the driver holds. */
export interface MemberSpec {
  /** Origin of the server that it connects to. */
  readonly url: string;
  /** Which gateway that is; messages sent through the same one are counted apart. */
  readonly pod: number;
  /** Of the session; none for a bare WebSocket. */
  readonly token?: string;
  /** The rooms whose messages it must get, all of them and no others, and the last `seq` before it came. */
  readonly rooms: Readonly<Record<string, number>>;
}

/** How to talk to the subject: Socket.IO, or frames of the same text over a WebSocket alone. */
export type Dialect = "socket.io" | "bare";

export interface OpenCommand {
  readonly kind: "open";
  readonly group: string;
  readonly dialect: Dialect;
  readonly members: readonly MemberSpec[];
  /** Handshakes under way at a time. */
  readonly atOnce: number;
  /** Where a member goes whose connection is lost, within `spreadMs`; it resumes there. Without: it stays away. */
  readonly fallback?: { readonly url: string; readonly pod: number; readonly spreadMs: number };
}

/** A server that messages are posted to. */
export interface PostTarget {
  readonly url: string;
  readonly pod: number;
}

/** A room that messages are posted into. */
export interface RoomTarget {
  readonly roomId: string;
  readonly senderIds: readonly string[];
  /** Header lines with the credentials, each with its line end. */
  readonly headers: string;
}

/** When messages are sent. */
export type LoadShape =
  /** So many senders, each sends when its last message was answered. */
  | { readonly kind: "closed"; readonly senders: number }
  /** So many lanes, each sends when its last message has reached every member. */
  | { readonly kind: "window"; readonly lanes: number }
  /** At a fixed rate, whatever becomes of the messages before; latency counts from when it was meant to be sent. */
  | { readonly kind: "open"; readonly perSecond: number };

export interface LoadCommand {
  readonly kind: "load";
  readonly group: string;
  readonly targets: readonly PostTarget[];
  readonly rooms: readonly RoomTarget[];
  readonly shape: LoadShape;
  readonly ms: number;
  /** Characters of the message text. */
  readonly textChars: number;
  /** Answers that say "not now" or do not come are expected: a server is about to be killed. */
  readonly faults?: boolean;
}

export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoadAnswer {
  /** Messages that were answered with 201. */
  readonly acked: number;
  /** Messages whose answer never came or was a refusal, and the first of those answers. */
  readonly failed: number;
  readonly firstFailure: string;
  /** First arrivals at members. */
  readonly deliveries: number;
  /** From the first send to the last answer. */
  readonly sendMs: number;
  /** Until everything had arrived. */
  readonly allMs: number;
  readonly violations: Violations;
  readonly ack: LatencySummary;
  /** To members on the gateway that the message was posted to. */
  readonly samePod: LatencySummary;
  /** To members on another one. */
  readonly otherPod: LatencySummary;
}

/** What the members of a group are doing. */
export interface GroupState {
  readonly connected: number;
  readonly lostConnections: number;
  /** Members that came back and have all that they missed. */
  readonly caughtUp: number;
  /** Milliseconds from the first lost connection to the last member that had caught up. */
  readonly recoveryMs: number;
  /** Events that came both live and by resuming, which a client drops by `seq`. */
  readonly overlapped: number;
  readonly resets: number;
  /** Of members that had to come back, how often they were refused. */
  readonly refusals: number;
}

export type Command =
  | OpenCommand
  | LoadCommand
  | { readonly kind: "close"; readonly group: string }
  | { readonly kind: "state"; readonly group: string }
  /** These members stop to read, or go on. Who ever stopped is left out of the books and of the latencies. */
  | { readonly kind: "pause"; readonly group: string; readonly members: readonly number[]; readonly paused: boolean }
  /** Session tokens for users of a tenant, in their order. */
  | {
      readonly kind: "mint";
      readonly url: string;
      readonly headers: string;
      readonly path: string;
      readonly userIds: readonly string[];
    };

/** What a command answers. */
export interface Answers {
  open: { readonly ms: number };
  load: LoadAnswer;
  close: Record<string, never>;
  state: GroupState;
  pause: Record<string, never>;
  mint: { readonly tokens: readonly string[] };
}

export interface Request {
  readonly id: number;
  readonly command: Command;
}

export type Response =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string };
