import type { Message } from "@sendsar/protocol/objects/message";
import type { Db, Query, Statement } from "./db.ts";
import type { MessageRow } from "./messages.ts";
import { messageColumns, messageTables, selectRoomView, toMessage, viewersCut } from "./messages.ts";
import { selectPeers } from "./receipts.ts";

/** Which messages of a room to read, and through whose eyes. */
export interface PageRequest {
  readonly viewerId: string | undefined;
  /** Where the page lies; absent: at the newest message. */
  readonly pivot: Pivot | undefined;
  /** How many messages from below the pivot. */
  readonly olderMax: number;
  /** How many from the pivot on. */
  readonly newerMax: number;
}

/** A place between two messages: before the one that has this `seq`, or before or after a message. */
export type Pivot = { readonly seq: number } | { readonly messageId: string; readonly side: "before" | "after" };

export interface MessagePage {
  /** Newest first. */
  readonly messages: Message[];
  /** The pivot below which the next, older page lies; absent at the end. */
  readonly older: number | undefined;
  /** The pivot from which on the newer page lies; absent when there is nothing newer. */
  readonly newer: number | undefined;
  /** Every event of the room up to here is in what was read. */
  readonly lastSeq: number;
  /** How far the other one of a two-person room has read and been served; null in every other room. */
  readonly peerLastReadAt: string | null;
  readonly peerLastDeliveredAt: string | null;
}

/** Reads a page of a room's messages, in one round trip. What the viewer has cleared is not there. */
export const readMessagePage = async (
  db: Db,
  tenantId: string,
  roomId: string,
  { viewerId, pivot, olderMax, newerMax }: PageRequest,
): Promise<MessagePage | "room_not_found" | "message_not_found"> => {
  const viewed = [tenantId, roomId, viewerId ?? null];
  // One more than asked for tells whether there are more. Of nothing asked for, that is the answer.
  const older = [...viewed, ...toValues(pivot), olderMax + 1];
  const newer = [...viewed, ...toValues(pivot), newerMax + 1];
  // The room is read first: what is committed between the statements is in the page, and not counted as shown.
  const queries: Query[] = [
    { statement: selectRoomView, values: viewed },
    { statement: selectPeers, values: viewed },
    { statement: selectOlder, values: older },
    ...(pivot
      ? [
          { statement: selectPivot, values: older.slice(0, -1) },
          { statement: selectNewer, values: newer },
        ]
      : []),
  ];
  const [rooms, peers, olderRows, places, newerRows] = await db.batch(tenantId, queries);
  const [room] = (rooms ?? []) as unknown as RoomRow[];
  if (!room) return "room_not_found";
  const at = pivot ? (places as unknown as PivotRow[])[0]?.pivot : Infinity;
  if (at === undefined || at === null) return "message_not_found";
  return {
    ...toPage(
      olderRows as unknown as MessageRow[],
      olderMax,
      (newerRows ?? []) as unknown as MessageRow[],
      newerMax,
      at,
    ),
    lastSeq: room.last_seq,
    ...toPeer(peers as unknown as PeerRow[]),
  };
};

const toValues = (pivot: Pivot | undefined): readonly unknown[] => {
  if (!pivot) return [Number.MAX_SAFE_INTEGER, null, 0];
  return "seq" in pivot ? [pivot.seq, null, 0] : [null, pivot.messageId, pivot.side === "before" ? 0 : 1];
};

const toPage = (
  olderRows: readonly MessageRow[],
  olderMax: number,
  newerRows: readonly MessageRow[],
  newerMax: number,
  pivot: number,
): Pick<MessagePage, "messages" | "older" | "newer"> => {
  const messages = [...newerRows.slice(0, newerMax).reverse(), ...olderRows.slice(0, olderMax)].map(toMessage);
  const [newest, oldest] = [messages[0], messages.at(-1)];
  return {
    messages,
    older: olderRows.length > olderMax ? (oldest?.seq ?? pivot) : undefined,
    newer: newerRows.length > newerMax ? (newest ? newest.seq + 1 : pivot) : undefined,
  };
};

const toPeer = (peers: readonly PeerRow[]): Pick<MessagePage, "peerLastReadAt" | "peerLastDeliveredAt"> => {
  const [peer] = peers.length === 1 ? peers : [];
  return { peerLastReadAt: peer?.last_read_at ?? null, peerLastDeliveredAt: peer?.last_delivered_at ?? null };
};

// Null when there is no such message, and then nothing is below it or from it on. A subquery as a whole: see `viewersCut`.
const pivot = `(
      select coalesce($4::bigint, (
        select t.seq + $6::integer from messages t
        where t.tenant_id = $1 and t.room_id = $2 and t.message_id = $5::uuid and t.seq > ${viewersCut})))`;

const selectPivot: Statement = { name: "select-pivot", text: `select ${pivot} as pivot` };

export const selectOlder: Statement = {
  name: "select-older-messages",
  text: `
    select ${messageColumns}
    from ${messageTables}
    where m.tenant_id = $1 and m.room_id = $2 and m.seq < ${pivot} and m.seq > ${viewersCut}
    order by m.seq desc
    limit $7`,
};

export const selectNewer: Statement = {
  name: "select-newer-messages",
  text: `
    select ${messageColumns}
    from ${messageTables}
    where m.tenant_id = $1 and m.room_id = $2 and m.seq >= ${pivot} and m.seq > ${viewersCut}
    order by m.seq
    limit $7`,
};

interface RoomRow {
  readonly last_seq: number;
}

interface PivotRow {
  readonly pivot: number | null;
}

interface PeerRow {
  readonly last_read_at: string | null;
  readonly last_delivered_at: string | null;
}
