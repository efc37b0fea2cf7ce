import { el, reconcile } from "./dom.js";
import { firstName, whenOf } from "./format.js";
import { avatar } from "./people.js";

const roomsMax = 50;

/** The list of conversations: newest activity first, with what is unread, who is there and who is typing. */
export const createRooms = ({ chat, people, typing, list, onOpen, onChange }) => {
  const rooms = new Map();
  let openId;

  /** Fetches the list. A direct room has no name of its own: each side shows the other one's. */
  const load = async () => {
    const page = await chat.listRooms({ limit: roomsMax });
    const loaded = await Promise.all(page.rooms.map((room) => (room.isGroup ? room : chat.getRoom(room.id))));
    const known = new Map(rooms);
    rooms.clear();
    for (const room of loaded) {
      people.learn(room.participants ?? []);
      const peerId = room.isGroup ? undefined : room.participants.find(({ userId }) => userId !== chat.userId)?.userId;
      const title = room.name ?? people.nameOf(peerId ?? chat.userId);
      // A message may have come in while the list was on its way.
      const live = known.get(room.id);
      const { lastMessage, unreadCount } = live && activityOf(live) > activityOf(room) ? live : room;
      rooms.set(room.id, { ...room, lastMessage, unreadCount, peerId, title });
    }
    render();
  };

  const update = (roomId, change) => {
    const room = rooms.get(roomId);
    if (room) rooms.set(roomId, { ...room, ...change(room) });
    render();
  };

  const render = () => {
    reconcile(list, sorted(rooms), {
      key: (room) => room.id,
      signature: viewOf,
      create: (room) => createRow(viewOf(room)),
    });
    onChange();
  };

  /** Everything a row shows, so that a row is drawn again exactly when that changes. */
  const viewOf = (room) => ({
    id: room.id,
    faceId: room.peerId ?? room.id,
    title: room.title,
    isGroup: room.isGroup,
    isOpen: room.id === openId,
    isOnline: room.peerId !== undefined && chat.presence.isOnline(room.peerId),
    typing: typing.in(room.id).map((userId) => firstName(people.nameOf(userId))),
    preview: room.lastMessage?.previewText,
    when: room.lastMessage && whenOf(room.lastMessage.createdAt),
    unread: room.unreadCount ?? 0,
  });

  const createRow = (view) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "row", "aria-current": view.isOpen && "true", click: () => onOpen(view.id) },
        avatar(view.faceId, view.title, { online: view.isOnline, group: view.isGroup }),
        el(
          "span",
          { class: "row-line" },
          el("span", { class: "row-title" }, view.title),
          el("span", { class: "row-when" }, view.when),
        ),
        el("span", { class: "row-line" }, previewOf(view), view.unread > 0 && badgeOf(view.unread)),
      ),
    );

  chat.on("room-read", ({ roomId, userId, lastReadAt }) => {
    if (userId !== chat.userId) return;
    update(roomId, ({ lastMessage, unreadCount }) => ({
      unreadCount: lastMessage === null || lastMessage.createdAt <= lastReadAt ? 0 : unreadCount,
    }));
  });

  return {
    load,
    render,
    /** Marks a room as the open one; `undefined` for none. */
    setOpen: (roomId) => {
      openId = roomId;
      render();
    },
    /** A message came in; `isSeen` if it is on the screen already. Says whether its room is in the list. */
    receive: (message, isSeen) => {
      const isUnread = message.senderId !== chat.userId && !isSeen;
      update(message.roomId, (room) => {
        if (message.createdAt <= activityOf(room)) return {};
        return {
          lastMessage: { previewText: message.previewText, createdAt: message.createdAt },
          unreadCount: isUnread ? (room.unreadCount ?? 0) + 1 : room.unreadCount,
        };
      });
      return rooms.has(message.roomId);
    },
    /** Everything in the room has been seen. */
    setRead: (roomId) => update(roomId, () => ({ unreadCount: 0 })),
    get: (roomId) => rooms.get(roomId),
    /** A room with its participants; the list itself comes without. */
    detail: async (roomId) => {
      if (!rooms.get(roomId).participants) {
        const { participants } = await chat.getRoom(roomId);
        people.learn(participants);
        update(roomId, () => ({ participants }));
      }
      return rooms.get(roomId);
    },
    first: () => sorted(rooms)[0],
    /** Puts the keyboard on a row. */
    focus: (roomId) => [...list.children].find((row) => row.dataset.key === roomId)?.firstElementChild.focus(),
    unreadTotal: () => [...rooms.values()].reduce((sum, room) => sum + (room.unreadCount ?? 0), 0),
  };
};

const badgeOf = (unread) =>
  el("span", { class: "badge" }, String(unread), el("span", { class: "visually-hidden" }, " unread"));

const previewOf = ({ typing, preview, isGroup }) => {
  if (typing.length === 0) return el("span", { class: "row-preview", dir: "auto" }, preview ?? "No messages yet");
  return el("span", { class: "row-preview row-typing" }, isGroup ? `${typing.join(", ")} typing…` : "typing…");
};

const activityOf = (room) => room.lastMessage?.createdAt ?? "";

const sorted = (rooms) =>
  [...rooms.values()].sort(
    (a, b) => activityOf(b).localeCompare(activityOf(a)) || b.createdAt.localeCompare(a.createdAt),
  );
