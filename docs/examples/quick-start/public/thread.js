import { createLine } from "./bubble.js";
import { reconcile } from "./dom.js";
import { createScroller } from "./scroller.js";
import { mergeMessages, toTimeline } from "./timeline.js";

const pageSize = 30;

/** The open conversation: history by pages, live messages, and how far everybody has read. */
export const createThread = ({ chat, people, outbox, elements, onRead, onError }) => {
  const { root, lines, scroll, empty } = elements;
  /** The open room with what is known of it; replaced when another one is opened. */
  let open;

  const render = ({ isLive = false } = {}) => {
    if (!open) return;
    const items = toTimeline({ ...open, outgoing: outbox.of(open.room.id), me: chat.userId });
    const { isGroup } = open.room;
    reconcile(lines, items, {
      key: (item) => item.key,
      signature: (item) => [item, isGroup, people.nameOf(item.senderId)],
      create: (item, old) => {
        const slidesIn = old ? old.classList.contains("enter") : isLive;
        return createLine(item, { people, isGroup, slidesIn, onRetry: outbox.retry });
      },
    });
    empty.hidden = items.length > 0 || open.isLoading;
    root.setAttribute("aria-busy", String(open.isLoading));
  };

  const isOnScreen = () => scroller.isPinned() && scroll.clientHeight > 0 && document.visibilityState === "visible";

  const markRead = () => tellRead().catch(onError);

  const tellRead = async () => {
    const target = open;
    const newest = target?.messages.at(-1);
    if (!newest || newest.senderId === chat.userId || newest.id === target.readUpTo || !isOnScreen()) return;
    target.readUpTo = newest.id;
    onRead(newest.roomId);
    await chat.markRead(newest.roomId, newest.id);
  };

  /** Loads a page into the room that asked for it; by the time it comes, another room may be open. */
  const loadPage = async (target, cursor) => {
    target.isLoading = true;
    render();
    try {
      return await chat.getMessages(target.room.id, { limit: pageSize, cursor });
    } finally {
      target.isLoading = false;
    }
  };

  const loadNewest = async () => {
    const target = open;
    const [page] = await Promise.all([loadPage(target), target.introduce()]);
    const known = new Set(target.messages.map(({ id }) => id));
    const hasGap = !target.isLoaded || !page.messages.some(({ id }) => known.has(id));
    if (hasGap) {
      target.cursor = page.nextCursor;
      target.messages = target.messages.filter(({ seq }) => seq > (page.messages[0]?.seq ?? 0));
    }
    target.isLoaded = true;
    target.messages = mergeMessages(target.messages, page.messages);
    target.readAt = target.room.isGroup ? undefined : page.peerLastReadAt;
    if (target !== open) return;
    render();
    if (scroller.isPinned()) scroller.pin();
    scroller.watchTop();
    await markRead();
  };

  const loadOlder = async () => {
    const target = open;
    if (!target?.cursor || target.isLoading) return;
    const page = await loadPage(target, target.cursor);
    target.cursor = page.nextCursor;
    target.messages = mergeMessages(target.messages, page.messages);
    if (target !== open) return;
    scroller.keepPlace(render);
    scroller.watchTop();
  };

  const scroller = createScroller(scroll, {
    ...elements,
    onTop: () => loadOlder().catch(onError),
    onBottom: markRead,
  });
  document.addEventListener("visibilitychange", () => void markRead());

  chat.on("room-read", ({ roomId, userId, lastReadAt }) => {
    if (roomId !== open?.room.id || userId === chat.userId || open.room.isGroup) return;
    open.readAt = lastReadAt;
    render();
  });

  return {
    /** Shows a room, or nothing. `introduce` fetches the names that its messages need. */
    open: async (room, introduce) => {
      open = room && { room, introduce, messages: [], cursor: null, isLoaded: false, isLoading: true };
      lines.replaceChildren();
      render();
      if (!open) return;
      scroller.pin();
      await loadNewest();
    },
    /** Shows a message if it belongs here; says whether it can be seen now. */
    receive: (message) => {
      if (message.roomId !== open?.room.id) return false;
      open.messages = mergeMessages(open.messages, [message]);
      render({ isLive: true });
      if (message.senderId === chat.userId) scroller.pin();
      else scroller.hint();
      void markRead();
      return isOnScreen();
    },
    /** Draws again after something changed around it, such as a message on its way. */
    render: () => render({ isLive: true }),
    /** Catches up after a break in the connection. */
    refresh: () => open && loadNewest(),
    toNewest: () => scroller.pin(),
    roomId: () => open?.room.id,
  };
};
