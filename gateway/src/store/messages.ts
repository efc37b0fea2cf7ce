import { limits } from "@sendsar/protocol/limits";
import type { Message, MessagePart, ParentPreview } from "@sendsar/protocol/objects/message";
import type { Db, Statement } from "./db.ts";

// Whatever of it the Tenant resource sets wins. Read once for a statement, and only if a deleted message comes up.
const hidesDeleted = `
    select coalesce(t.managed_settings #>> '{chat,deletedMessageDisplay}', t.settings #>> '{chat,deletedMessageDisplay}')
      is not distinct from 'hidden'
    from tenants t where t.tenant_id = $1`;

/** Columns of `messageTables` that make a message, in a statement whose first value is the tenant. */
export const messageColumns = `
  m.message_id, m.room_id, m.seq, m.sender_id, m.client_message_id, m.parts, m.preview_text, m.created_at,
  m.parent_message_id, m.edited_at, m.deleted_at, m.reactions, m.pinned_at, m.pinned_by, m.forwarded_from_id,
  m.forwarded_from_sender_id,
  case when m.deleted_at is not null then (${hidesDeleted}) end as deleted_hidden,
  parent.message_id as parent_id, parent.sender_id as parent_sender_id, parent.parts as parent_parts,
  parent.preview_text as parent_preview_text, parent.deleted_at as parent_deleted_at`;

/**
 * The message that `m` answers: one look into `messages_by_id`, whatever the statistics say. Joined, it has been seen to read all
 * messages that there are, by a plan remembered from when they were few.
 */
export const parentOfMessage = `
  left join lateral (
    select * from messages where message_id = m.parent_message_id and tenant_id = $1 limit 1
  ) parent on true`;

export const messageTables = `
  messages m${parentOfMessage}`;

/** One message by its id. */
export const findMessage = async (db: Db, tenantId: string, messageId: string): Promise<Message | undefined> => {
  const [row] = await db.query<MessageRow>(tenantId, selectMessage, [tenantId, messageId]);
  return row && toMessage(row);
};

/** Values: tenant, message. */
export const selectMessage: Statement = {
  name: "select-message",
  text: `select ${messageColumns} from ${messageTables} where m.tenant_id = $1 and m.message_id = $2`,
};

/** What a viewer finds of a room; without a viewer everything. */
export type ViewedMessage = Message | "room_not_found" | "message_not_found";

/** One message of a room, unless the viewer is not in the room or has cleared it. */
export const findViewedMessage = async (
  db: Db,
  tenantId: string,
  roomId: string,
  viewerId: string | undefined,
  messageId: string,
): Promise<ViewedMessage> => {
  const [rooms = [], rows = []] = await db.batch(tenantId, [
    { statement: selectRoomView, values: [tenantId, roomId, viewerId ?? null] },
    { statement: selectViewedMessage, values: [tenantId, roomId, viewerId ?? null, messageId] },
  ]);
  if (rooms.length === 0) return "room_not_found";
  const row = rows[0] as unknown as MessageRow | undefined;
  return row ? toMessage(row) : "message_not_found";
};

/** The pinned messages that a viewer finds in a room, latest pin first. A deleted message is not pinned any more. */
export const listPinnedMessages = async (
  db: Db,
  tenantId: string,
  roomId: string,
  viewerId: string | undefined,
): Promise<Message[] | "room_not_found"> => {
  const values = [tenantId, roomId, viewerId ?? null];
  const [rooms = [], rows = []] = await db.batch(tenantId, [
    { statement: selectRoomView, values },
    { statement: selectPinned, values },
  ]);
  return rooms.length === 0 ? "room_not_found" : (rows as unknown as MessageRow[]).map(toMessage);
};

/** One row if the room is there, and the viewer, if there is one, in it. Values: tenant, room, viewer or null. */
export const selectRoomView: Statement = {
  name: "select-room-view",
  text: `
    select r.last_seq
    from rooms r
    left join participants p on p.tenant_id = $1 and p.room_id = $2 and p.user_id = $3
    where r.tenant_id = $1 and r.room_id = $2 and r.deleted_at is null and ($3::text is null or p.user_id is not null)`,
};

/**
 * Up to where the viewer `$3` has cleared the room `$2`: a number, read once for a statement; null for who is not in it, so
 * that nothing is read for a refusal, which would take longer the more there is (threat I05). A subquery as a whole, not a
 * `coalesce` of one: row-level security lets nothing that holds a `coalesce` be the condition of an index, and all that was
 * cleared would be read and thrown away.
 */
export const viewersCut = `(
      select case when $3::text is null then 0 else max(p.cleared_seq) end from participants p
      where p.tenant_id = $1 and p.room_id = $2 and p.user_id = $3)`;

const selectViewedMessage: Statement = {
  name: "select-viewed-message",
  text: `
    select ${messageColumns}
    from ${messageTables}
    where m.tenant_id = $1 and m.room_id = $2 and m.message_id = $4 and m.seq > ${viewersCut}`,
};

export const selectPinned: Statement = {
  name: "select-pinned-messages",
  text: `
    select ${messageColumns}
    from ${messageTables}
    where m.tenant_id = $1 and m.room_id = $2 and m.pinned_at is not null and m.seq > ${viewersCut}
    order by m.pinned_at desc
    limit ${limits.roomPinsMax}`,
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
  readonly deleted_hidden: boolean | null;
  readonly reactions: Message["reactions"];
  readonly pinned_at: string | null;
  readonly pinned_by: string | null;
  readonly forwarded_from_id: string | null;
  readonly forwarded_from_sender_id: string | null;
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
  deletedHidden: row.deleted_hidden,
  reactions: row.reactions,
  pinnedAt: row.pinned_at,
  pinnedBy: row.pinned_by,
  forwardedFromId: row.forwarded_from_id,
  forwardedFromSenderId: row.forwarded_from_sender_id,
});
