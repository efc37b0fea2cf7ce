/** What a room is to the rules about unread messages, with nothing of how the gateway keeps it. */
export interface ModelRoom {
  /** In the order of the room. */
  readonly lines: ModelLine[];
  readonly seats: Map<string, ModelSeat>;
}

export interface ModelLine {
  readonly id: string;
  readonly senderId: string;
  /** A line about membership is nobody's news. */
  readonly isMembership: boolean;
  deleted: boolean;
}

/** Where a participant stands; numbers are counts of lines, so 0 is before the first. */
export interface ModelSeat {
  read: number;
  delivered: number;
  /** Whether `read` came about by reading, and not by having come later. */
  hasRead: boolean;
  cleared: number;
  /** Lines there were when the room was hidden; undefined when it is not. */
  hiddenAt: number | undefined;
}

export const createModelRoom = (userIds: readonly string[]): ModelRoom => ({
  lines: [],
  seats: new Map(userIds.map((userId) => [userId, newSeat(0)])),
});

/** Somebody comes in now: all that was before is history. */
export const sitDown = (room: ModelRoom, userId: string): void => {
  room.seats.set(userId, newSeat(room.lines.length));
};

const newSeat = (read: number): ModelSeat => ({
  read,
  delivered: 0,
  hasRead: false,
  cleared: 0,
  hiddenAt: undefined,
});

/** A message was sent; its sender has read the room then. */
export const addMessage = (room: ModelRoom, senderId: string, id: string): void => {
  room.lines.push({ id, senderId, isMembership: false, deleted: false });
  readUpTo(room, senderId, room.lines.length);
};

/** A participant has read this many lines. */
export const readUpTo = (room: ModelRoom, userId: string, count: number): void => {
  const seat = room.seats.get(userId);
  if (!seat || count <= Math.max(seat.read, seat.cleared)) return;
  seat.read = count;
  seat.hasRead = true;
};

/** This many lines have reached a participant. */
export const deliverUpTo = (room: ModelRoom, userId: string, count: number): void => {
  const seat = room.seats.get(userId);
  if (!seat || count <= Math.max(seat.delivered, seat.read, seat.cleared)) return;
  seat.delivered = count;
};

/** A participant clears its history, and perhaps takes the room off its list. */
export const clearHistory = (room: ModelRoom, userId: string, hide: boolean): void => {
  const seat = room.seats.get(userId);
  if (!seat) return;
  readUpTo(room, userId, room.lines.length);
  seat.cleared = room.lines.length;
  if (hide) seat.hiddenAt = room.lines.length;
};

/** What every endpoint must say; undefined for who is not in the room. */
export const expectedView = (room: ModelRoom, userId: string) => {
  const seat = room.seats.get(userId);
  if (!seat) return undefined;
  const isNews = (line: ModelLine): boolean => !line.isMembership && !line.deleted && line.senderId !== userId;
  const shows = seat.hasRead && seat.read > seat.cleared;
  return {
    unreadCount: room.lines.slice(seat.read).filter(isNews).length,
    lastReadMessageId: shows ? (room.lines[seat.read - 1]?.id ?? null) : null,
    listed: seat.hiddenAt === undefined || room.lines.length > seat.hiddenAt,
  };
};

/** The message that a participant was last served. */
export const expectedDelivered = (room: ModelRoom, userId: string): string | null => {
  const seat = room.seats.get(userId);
  if (!seat) return null;
  const delivered = Math.max(seat.delivered, seat.hasRead ? seat.read : 0);
  return delivered > seat.cleared ? (room.lines[delivered - 1]?.id ?? null) : null;
};
