/** The open room is in the address, so that a reload and the back button do what people expect. */
export const createNavigation = (onGo) => {
  const narrow = matchMedia("(max-width: 34.99rem)");
  const current = () => location.hash.slice(1) || undefined;

  addEventListener("popstate", () => onGo(current()));

  return {
    /** True when there is place for the list or the conversation, but not for both. */
    isNarrow: () => narrow.matches,
    /** Opens a room, or with `undefined` the list. */
    go: (roomId) => {
      const address = roomId ? `#${roomId}` : location.pathname + location.search;
      if (narrow.matches && roomId) history.pushState(null, "", address);
      else history.replaceState(null, "", address);
      onGo(roomId);
    },
    /** Opens what the address says; with place for both, `fallbackRoomId` beside the list. */
    start: (fallbackRoomId) => onGo(current() ?? (narrow.matches ? undefined : fallbackRoomId)),
  };
};
