import { firstName, listOf } from "./format.js";
import { avatar } from "./people.js";

/** What stands above and below the open conversation: who it is with, who is there, who is typing. */
export const createHeader = ({ chat, people, typing, elements }) => {
  let room;

  const statusOf = () => {
    if (!room.isGroup) return chat.presence.isOnline(room.peerId) ? "Online" : "Offline";
    const others = (room.participants ?? []).filter(({ userId }) => userId !== chat.userId);
    const online = others.filter(({ userId }) => chat.presence.isOnline(userId)).length;
    const names = listOf(["You", ...others.map(({ username }) => firstName(username))]);
    return `${names}${online > 0 ? ` · ${online} online` : ""}`;
  };

  const render = () => {
    const typists = room ? typing.in(room.id).map((userId) => firstName(people.nameOf(userId))) : [];
    elements.typists.hidden = typists.length === 0;
    if (typists.length > 0) {
      elements.typistsText.textContent = `${listOf(typists)} ${typists.length > 1 ? "are" : "is"} typing`;
    }
    if (!room) return;
    const isOnline = !room.isGroup && chat.presence.isOnline(room.peerId);
    elements.face.replaceChildren(
      avatar(room.peerId ?? room.id, room.title, { online: isOnline, group: room.isGroup }),
    );
    elements.title.textContent = room.title;
    elements.status.textContent = statusOf();
  };

  return {
    render,
    setRoom: (nextRoom) => {
      room = nextRoom;
      elements.hint.textContent = room?.isGroup
        ? "Write the first one."
        : `Say hello to ${firstName(room?.title ?? "")}.`;
      render();
    },
  };
};

/** The bar above the list: who I am, and a way to open this user in a window of its own. */
export const showMe = (bar, { chatUserId, displayName }) => {
  bar.querySelector(".face").replaceChildren(avatar(chatUserId, displayName));
  bar.querySelector(".bar-title").textContent = displayName;
  bar.querySelector(".bar-status").textContent = "That’s you";
  bar
    .querySelector(".own-window")
    .setAttribute("aria-label", `Open ${firstName(displayName)}’s chat in its own window`);
};
