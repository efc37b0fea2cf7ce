/** Follows who is typing where, and calls `onChange(roomId)` when that changes. */
export const createTyping = (chat, onChange) => {
  const typists = new Map();

  const set = (roomId, userId, isTyping) => {
    const users = typists.get(roomId) ?? new Set();
    if (users.has(userId) === isTyping) return;
    if (isTyping) users.add(userId);
    else users.delete(userId);
    typists.set(roomId, users);
    onChange(roomId);
  };

  chat.on("typing", ({ roomId, userId, isTyping }) => userId !== chat.userId && set(roomId, userId, isTyping));
  chat.on("new-message", ({ roomId, senderId }) => set(roomId, senderId, false));

  return {
    /** The ids of those who type in a room now. */
    in: (roomId) => [...(typists.get(roomId) ?? [])],
    /** Forgets everybody: after a break in the connection nobody knows. */
    clear: () => {
      for (const [roomId, users] of typists) for (const userId of [...users]) set(roomId, userId, false);
    },
  };
};
