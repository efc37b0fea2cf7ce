import { Sendsar } from "/sdk/sendsar.mjs";
import { createComposer } from "./composer.js";
import { createConnectionBanner } from "./connection.js";
import { createHeader, showMe } from "./header.js";
import { createNavigation } from "./navigation.js";
import { createOutbox } from "./outbox.js";
import { createPeople } from "./people.js";
import { createRooms } from "./rooms.js";
import { openSession } from "./session.js";
import { createThread } from "./thread.js";
import { createTyping } from "./typing.js";

const $ = (selector) => document.querySelector(selector);
const user = new URLSearchParams(location.search).get("user") ?? "ann";
const people = createPeople();

// Everything the page knows about chat goes through this one object.
const chat = Sendsar.init({
  getSession: async () => {
    const session = await openSession(user);
    people.learn([{ userId: session.chatUserId, username: session.displayName }]);
    showMe($(".me-bar"), session);
    return session;
  },
});

const typing = createTyping(chat, (roomId) => {
  redraw();
  for (const userId of typing.in(roomId)) void meet(roomId, userId);
});
const outbox = createOutbox(chat, { onChange: () => thread.render(), onSent: (message) => receive(message) });
const composer = createComposer({
  chat,
  form: $(".composer"),
  onSend: (roomId, text) => {
    void outbox.send(roomId, text);
    thread.toNewest();
  },
});
const navigation = createNavigation((roomId) => show(roomId));
const choose = (roomId) => {
  const left = thread.roomId();
  navigation.go(roomId);
  // The keyboard follows: to the writing line, or on a phone to the way back, and back to the row again.
  if (roomId === undefined) rooms.focus(left);
  else if (navigation.isNarrow()) $(".back").focus();
  else composer.focus();
};
const banner = createConnectionBanner({
  chat,
  banner: $(".banner"),
  onConnect: () => start(),
  onBack: () => typing.clear() ?? catchUp(),
});

const header = createHeader({
  chat,
  people,
  typing,
  elements: {
    face: $(".thread-bar .face"),
    title: $(".thread-bar .bar-title"),
    status: $(".thread-bar .bar-status"),
    typists: $(".typists"),
    typistsText: $(".typists-text"),
    hint: $(".empty-text"),
  },
});

const rooms = createRooms({
  chat,
  people,
  typing,
  list: $(".room-list"),
  onOpen: choose,
  onChange: () => {
    const unread = rooms.unreadTotal();
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${people.nameOf(user)} · Sendsar demo`;
  },
});

const thread = createThread({
  chat,
  people,
  outbox,
  elements: {
    root: $(".thread"),
    scroll: $(".scroll"),
    lines: $(".lines"),
    empty: $(".empty"),
    sentinel: $(".top"),
    jump: $(".jump"),
  },
  onRead: rooms.setRead,
  onError: banner.fail,
});

const redraw = () => {
  rooms.render();
  header.render();
};

const receive = (message) => {
  outbox.settle(message);
  const isSeen = thread.receive(message);
  const isKnown = rooms.receive(message, isSeen);
  if (!isKnown) void catchUp();
  if (message.senderId !== chat.userId) void announce(message, isSeen);
};

/** Says it to those who listen to the page instead of looking at it. */
const announce = async ({ roomId, senderId, previewText }, isSeen) => {
  await meet(roomId, senderId);
  const room = rooms.get(roomId);
  const where = isSeen || !room?.isGroup ? "" : ` in ${room.title}`;
  $(".announcer").textContent = `${people.nameOf(senderId)}${where}: ${previewText}`;
};

/** The list of rooms comes without participants: names are fetched for those who show up. */
const meet = async (roomId, userId) => {
  if (people.knows(userId) || !rooms.get(roomId)) return;
  try {
    await rooms.detail(roomId);
  } catch (error) {
    banner.fail(error);
  }
};

const show = async (roomId) => {
  const previous = thread.roomId();
  if (previous !== undefined && previous === roomId) return;
  if (previous !== undefined) chat.leaveRoom(previous);

  const room = rooms.get(roomId);
  $(".app").toggleAttribute("data-open", room !== undefined);
  rooms.setOpen(room?.id);
  header.setRoom(room);
  composer.setRoom(room?.id);
  if (!room) return thread.open(undefined);
  try {
    await Promise.all([thread.open(room, () => introduce(room.id)), chat.joinRoom(room.id)]);
  } catch (error) {
    // Another room was chosen meanwhile: nobody waits for this one any more.
    if (thread.roomId() === room.id) banner.fail(error);
  }
};

const introduce = async (roomId) => {
  const room = await rooms.detail(roomId);
  if (thread.roomId() === roomId) header.setRoom(room);
};

const catchUp = async () => {
  try {
    await Promise.all([rooms.load(), thread.refresh()]);
  } catch (error) {
    banner.fail(error);
  }
};

const start = async () => {
  try {
    await chat.connect();
    await rooms.load();
    $(".app").removeAttribute("data-loading");
    navigation.start(rooms.first()?.id);
  } catch (error) {
    $(".app").dataset.loading = "failed";
    banner.fail(error, start);
  }
};

chat.on("new-message", receive);
chat.on("presence-change", redraw);
chat.on("room-participants-changed", catchUp);
$(".back").addEventListener("click", () => choose(undefined));
document.documentElement.toggleAttribute("data-embedded", window !== window.parent);
$(".own-window").href = `/chat.html?user=${encodeURIComponent(user)}`;
await start();
