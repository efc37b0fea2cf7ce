/**
 * What a run writes down. Everything that happens is one entry, in the order in which it happened, with the time of one
 * monotonic clock in milliseconds: so "before" means before for all of them, whichever client or sender wrote it.
 */
export type Entry = Sending | Answered | Connection | Shown | Membership;

interface Stamped {
  readonly at: number;
}

/** Somebody starts to send. `sendId` is the `clientMessageId`, unique over the run; `print` stands for the payload. */
export interface Sending extends Stamped {
  readonly kind: "invoke";
  readonly sendId: string;
  readonly tenant: string;
  readonly room: string;
  readonly sender: string;
  readonly print: string;
}

/**
 * What became of a sending: `ok` is acknowledged, `fail` was refused for good, `info` is not known. One per sending at
 * most, however often it was tried.
 */
export type Answered =
  | (Stamped & { readonly kind: "ok"; readonly sendId: string; readonly id: string; readonly seq: number })
  | (Stamped & { readonly kind: "fail" | "info"; readonly sendId: string; readonly reason: string });

/** A client's connection came or went, or has caught up. Epochs of a client count from 1. */
export type Connection = Stamped & {
  readonly client: string;
  readonly epoch: number;
} & (
    | { readonly kind: "connect" }
    | { readonly kind: "disconnect"; readonly reason: string }
    /** From here on the client's view of the room has no hole: what it missed is filled in. */
    | { readonly kind: "synced"; readonly room: string }
    /** The client was told that its view of the room has a hole, and will read the room anew. */
    | { readonly kind: "resync"; readonly room: string }
  );

/** A message as it was shown or read. `sendId` is null for lines that the server wrote itself. */
export interface Seen {
  readonly id: string;
  readonly seq: number;
  readonly sendId: string | null;
  readonly print: string;
}

/** A client got something: live, or by reading a room's history (`since` is when it asked). */
export type Shown = Stamped & {
  readonly client: string;
  readonly epoch: number;
  readonly room: string;
} & (
    | ({ readonly kind: "recv" } & Seen)
    | { readonly kind: "read"; readonly since: number; readonly messages: readonly Seen[] }
    | { readonly kind: "change"; readonly user: string; readonly action: ChangeAction; readonly seq: number }
  );

/** Somebody asked for a change of membership, at `since`, and got this answer. */
export interface Membership extends Stamped {
  readonly kind: "membership";
  readonly since: number;
  readonly tenant: string;
  readonly room: string;
  readonly user: string;
  readonly action: "add" | "remove";
  readonly outcome: "ok" | "fail" | "info";
}

export type ChangeAction = "joined" | "left" | "removed";

/**
 * - `plain`: knows no `seq`, as published clients do. Each connect is a hole that it fills by reading; what it already
 *   has is not shown again.
 * - `resuming`: its view goes on over connections, each message once, in order and without a hole, except after a
 *   `resync`.
 */
export type ClientKind = "plain" | "resuming";

export interface ClientFacts {
  readonly client: string;
  readonly kind: ClientKind;
  readonly tenant: string;
  readonly user: string;
  /** False: it is gone for good and need not have caught up. */
  readonly staysToTheEnd: boolean;
}

/** A room as it is in the database and as the REST API tells it, at the end. */
export interface RoomTruth {
  readonly tenant: string;
  readonly room: string;
  /** The log, in the order of `seq`. */
  readonly log: readonly LogFact[];
  /** Rows of messages, in the order of `seq`. */
  readonly rows: readonly RowFact[];
  /** What paging through the room answered, in the order of `seq`. */
  readonly pages: readonly Seen[];
}

export interface LogFact {
  readonly seq: number;
  /** The message that was sent at this place. */
  readonly messageId?: string;
  readonly change?: { readonly action: ChangeAction; readonly users: readonly string[] };
}

export interface RowFact extends Seen {
  readonly sender: string;
}

/** A whole run. */
export interface History {
  readonly clients: readonly ClientFacts[];
  readonly entries: readonly Entry[];
  readonly rooms: readonly RoomTruth[];
  /** When the last fault was over and the last sending was answered. */
  readonly quietAt: number;
  /** How long after that every client may take to have everything. */
  readonly catchUpMsMax: number;
}
