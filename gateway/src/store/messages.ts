import type { Message, MessagePart, ParentPreview } from "@sendsar/protocol/objects/message";
import type { Db, Statement } from "./db.ts";

export interface MessagePage {
  readonly messages: Message[];
  /** The seq below which the next page starts; absent at the end. */
  readonly next: number | undefined;
  /** How far the other one of a two-person room has read and been served; null in larger rooms. */
  readonly peerLastReadAt: string | null;
  readonly peerLastDeliveredAt: string | null;
}

/** Messages of a room, newest first, below `beforeSeq`. */
export const listMessages = async (
  db: Db,
  tenantId: string,
  roomId: string,
  page: { readonly viewerId?: string | undefined; readonly beforeSeq?: number | undefined; readonly limit: number },
): Promise<MessagePage> => {
  const [rows = [], peers = []] = await db.batch(tenantId, [
    { statement: selectPage, values: [tenantId, roomId, page.beforeSeq ?? null, page.limit + 1] },
    { statement: selectPeers, values: [tenantId, roomId, page.viewerId ?? null] },
  ]);
  const messages = (rows as unknown as MessageRow[]).slice(0, page.limit).map(toMessage);
  const peer = peers.length === 1 ? (peers[0] as unknown as PeerRow) : undefined;
  return {
    messages,
    next: rows.length > page.limit ? messages.at(-1)?.seq : undefined,
    peerLastReadAt: peer?.last_read_at ?? null,
    peerLastDeliveredAt: peer?.last_delivered_at ?? null,
  };
};

/** Columns of `messageTables` that make a message. */
export const messageColumns = `
  m.message_id, m.room_id, m.seq, m.sender_id, m.client_message_id, m.parts, m.preview_text, m.created_at,
  m.parent_message_id, m.edited_at, m.deleted_at,
  parent.message_id as parent_id, parent.sender_id as parent_sender_id, parent.parts as parent_parts,
  parent.preview_text as parent_preview_text, parent.deleted_at as parent_deleted_at`;

export const messageTables = `
  messages m
  left join messages parent on parent.tenant_id = m.tenant_id and parent.message_id = m.parent_message_id`;

const selectPage: Statement = {
  name: "select-message-page",
  text: `
    select ${messageColumns}
    from ${messageTables}
    where m.tenant_id = $1 and m.room_id = $2 and ($3::bigint is null or m.seq < $3)
    order by m.seq desc
    limit $4`,
};

// The other participant of a two-person room: one row exactly when there is one other.
const selectPeers: Statement = {
  name: "select-peers",
  text: `
    select last_read_at, last_delivered_at
    from participants
    where tenant_id = $1 and room_id = $2 and user_id is distinct from $3
    limit 2`,
};

/** One message by its id. */
export const findMessage = async (db: Db, tenantId: string, messageId: string): Promise<Message | undefined> => {
  const [row] = await db.query<MessageRow>(tenantId, selectMessage, [tenantId, messageId]);
  return row && toMessage(row);
};

const selectMessage: Statement = {
  name: "select-message",
  text: `select ${messageColumns} from ${messageTables} where m.tenant_id = $1 and m.message_id = $2`,
};

/** What a reply shows of its parent; `parent_id` is null when there is none. */
export interface ParentRow {
  readonly parent_id: string | null;
  readonly parent_sender_id: string | null;
  readonly parent_parts: MessagePart[] | null;
  readonly parent_preview_text: string | null;
  readonly parent_deleted_at: string | null;
}

/** The preview of a parent message. A deleted one shows nothing of what it said. */
export const toParentPreview = (row: ParentRow): ParentPreview | null => {
  if (row.parent_id === null || row.parent_sender_id === null) return null;
  const deleted = row.parent_deleted_at !== null;
  return {
    id: row.parent_id,
    senderId: row.parent_sender_id,
    parts: deleted ? [] : (row.parent_parts ?? []),
    previewText: deleted ? null : row.parent_preview_text,
    deleted,
  };
};

export interface MessageRow extends ParentRow {
  readonly message_id: string;
  readonly room_id: string;
  readonly seq: number;
  readonly sender_id: string;
  readonly client_message_id: string | null;
  readonly parts: MessagePart[];
  readonly preview_text: string | null;
  readonly created_at: string;
  readonly parent_message_id: string | null;
  readonly edited_at: string | null;
  readonly deleted_at: string | null;
}

interface PeerRow {
  readonly last_read_at: string | null;
  readonly last_delivered_at: string | null;
}

export const toMessage = (row: MessageRow): Message => ({
  id: row.message_id,
  roomId: row.room_id,
  seq: row.seq,
  senderId: row.sender_id,
  clientMessageId: row.client_message_id,
  parts: row.parts,
  previewText: row.preview_text,
  createdAt: row.created_at,
  parentMessageId: row.parent_message_id,
  parentMessage: toParentPreview(row),
  editedAt: row.edited_at,
  deletedAt: row.deleted_at,
  deletedHidden: null,
  reactions: [],
  pinnedAt: null,
  pinnedBy: null,
  forwardedFromId: null,
  forwardedFromSenderId: null,
});
