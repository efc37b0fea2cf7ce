import type { DownEvents, Message, MessagePage, RoomDetail } from "./wire.ts";

/** A room as a page shows it: pure changes of what is known, one for each thing that can be heard. */
export interface RoomView {
  /** The room with its participants; undefined until it is read. Its `lastMessage` and `unreadCount` stay as read. */
  readonly room: RoomDetail | undefined;
  /** Oldest first, without a hole from the oldest to the newest one. */
  readonly messages: readonly Message[];
  /** True if there are older messages to load. */
  readonly hasOlder: boolean;
  /** Up to when the other one has read, in a room of two; null in other rooms. */
  readonly peerLastReadAt: string | null;
  /** Up to when messages reached the other one, as it was read, in a room of two. */
  readonly peerLastDeliveredAt: string | null;
}

/** What is known before anything is read. */
export const emptyView: RoomView = {
  room: undefined,
  messages: [],
  hasOlder: false,
  peerLastReadAt: null,
  peerLastDeliveredAt: null,
};

/** Messages by id, as events told them while a page was on its way. */
export type News = ReadonlyMap<string, Message>;

/**
 * Takes the newest page in place of all messages. Where an event told of a message while the page was on its way, the
 * event counts: the page may have been read before it, and if it was read after it, later events tell the rest.
 */
export function withNewestPage(view: RoomView, page: MessagePage, news: News): RoomView {
  const newest = page.messages[0]?.seq ?? 0;
  const later = [...news.values()].filter(({ seq }) => seq > newest);
  return {
    ...view,
    messages: inOrder([...page.messages, ...later], news),
    hasOlder: page.nextCursor !== null,
    peerLastReadAt: page.peerLastReadAt && laterOf(view.peerLastReadAt, page.peerLastReadAt),
    peerLastDeliveredAt: page.peerLastDeliveredAt,
  };
}

/** Takes the page of older messages. */
export const withOlderPage = (view: RoomView, page: MessagePage, news: News): RoomView => ({
  ...view,
  messages: inOrder([...page.messages, ...view.messages], news),
  hasOlder: page.nextCursor !== null,
});

/** How many messages are kept: those of some hundred screens. */
export const messagesMax = 5000;

/**
 * Takes a new message. One that is known was read already, and what was read is not older than its event. When there are
 * too many, the oldest one leaves.
 */
export function withMessage(view: RoomView, message: Message): RoomView {
  if (view.messages.some(({ id }) => id === message.id)) return view;
  const messages = inOrder([...view.messages, message], new Map());
  return messages.length <= messagesMax
    ? { ...view, messages }
    : { ...view, messages: messages.slice(-messagesMax), hasOlder: true };
}

/** Takes a message as it stands after a change. One that is not on the page stays off it. */
export function withUpdate(view: RoomView, message: Message): RoomView {
  const known = view.messages.find(({ id }) => id === message.id);
  if (known === undefined || isGone(known, message)) return view;
  return { ...view, messages: view.messages.map((other) => (other === known ? message : other)) };
}

/** Takes the room as it was read, then what happened to it after that. A reading that is older than what is known is late. */
export function withRoom(view: RoomView, room: RoomDetail, events: readonly RoomEvent[]): RoomView {
  const known = view.room;
  if (known !== undefined && known.lastSeq > room.lastSeq) return view;
  const participants = room.participants.map((read) => {
    const before = known?.participants.find(({ userId }) => userId === read.userId);
    if (before?.lastReadAt == null || !isLater(before.lastReadAt, read.lastReadAt ?? "")) return read;
    return { ...read, lastReadAt: before.lastReadAt, lastReadMessageId: before.lastReadMessageId };
  });
  const later = events.filter(({ payload: { seq = 0 } }) => seq > room.lastSeq);
  return later.reduce(withRoomEvent, { ...view, room: { ...room, participants } });
}

/** What can happen to a room beside its messages. */
export type RoomEvent = {
  readonly [Name in RoomEventName]: { readonly name: Name; readonly payload: DownEvents[Name] };
}[RoomEventName];

type RoomEventName = "room-updated" | "participant-updated" | "room-participants-changed";

/** Takes what happened to the room. Who joined is not among the participants before the room is read again. */
export function withRoomEvent(view: RoomView, { name, payload }: RoomEvent): RoomView {
  if (view.room === undefined) return view;
  const room = { ...view.room, lastSeq: Math.max(view.room.lastSeq, payload.seq ?? 0) };
  switch (name) {
    case "room-updated": {
      const { name: title, avatarUrl, externalId, customType, metadata, isFrozen } = payload;
      return { ...view, room: { ...room, name: title, avatarUrl, externalId, customType, metadata, isFrozen } };
    }
    case "participant-updated":
      return withParticipant({ ...view, room }, payload.userId, { role: payload.role });
    case "room-participants-changed": {
      if (payload.action === "joined") return view;
      const participants = room.participants.filter(({ userId }) => userId !== payload.targetUserId);
      return { ...view, room: { ...room, participants } };
    }
  }
}

/** Takes how far somebody has read. `userId` is the viewer. */
export function withRead(view: RoomView, read: DownEvents["room-read"], userId: string | undefined): RoomView {
  const { lastReadAt, lastReadMessageId } = read;
  const known = view.room?.participants.find((participant) => participant.userId === read.userId);
  if (known !== undefined && isLater(known.lastReadAt, lastReadAt)) return view;
  const next = withParticipant(view, read.userId, { lastReadAt, lastReadMessageId });
  // Who the other one is, is known once the room is read; until then a page that names a pointer says it is a room of two.
  const isPeer =
    read.userId !== userId && (view.room ? view.room.participants.length === 2 : view.peerLastReadAt !== null);
  return isPeer && !isLater(view.peerLastReadAt, lastReadAt) ? { ...next, peerLastReadAt: lastReadAt } : next;
}

function withParticipant(
  view: RoomView,
  userId: string,
  change: Partial<RoomDetail["participants"][number]>,
): RoomView {
  const { room } = view;
  if (room === undefined) return view;
  const participants = room.participants.map((participant) =>
    participant.userId === userId ? { ...participant, ...change } : participant,
  );
  return { ...view, room: { ...room, participants } };
}

/** Each message once, oldest first, as the news have it. */
function inOrder(messages: readonly Message[], news: News): readonly Message[] {
  const byId = new Map<string, Message>();
  for (const message of messages) {
    const told = news.get(message.id);
    byId.set(message.id, told === undefined || isGone(message, told) ? message : told);
  }
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}

/** What is deleted stays so: an event from before that would show it again for a moment. */
const isGone = (known: Message, next: Message): boolean => known.deletedAt !== null && next.deletedAt === null;

/** True if the first is not before the second, which may be no time at all. */
const isLater = (time: string | null, than: string): boolean => time !== null && !(Date.parse(time) < Date.parse(than));

const laterOf = (a: string | null, b: string): string => (a !== null && isLater(a, b) ? a : b);
