/**
 * Messages on their way: shown at once as "sending", kept as "failed" until somebody retries. The client's own id goes
 * with every attempt, so a retry can never send twice. `onChange(roomId)` says that what is on its way to a room is
 * different now, `onSent(message)` that a message is safely stored.
 */
export const createOutbox = (chat, { onChange, onSent }) => {
  const entries = new Map();

  const attempt = async (entry) => {
    entry.state = "sending";
    onChange(entry.roomId);
    try {
      onSent(await chat.sendMessage(entry.roomId, { text: entry.text, clientMessageId: entry.clientMessageId }));
    } catch (error) {
      entry.state = "failed";
      entry.reason = error.reason ?? error.message;
      onChange(entry.roomId);
    }
  };

  return {
    /** Sends a text and shows it right away. */
    send: (roomId, text) => {
      const clientMessageId = crypto.randomUUID();
      const entry = { roomId, text, clientMessageId, senderId: chat.userId, createdAt: new Date().toISOString() };
      entries.set(clientMessageId, entry);
      return attempt(entry);
    },
    /** Tries a failed one again. */
    retry: (clientMessageId) => attempt(entries.get(clientMessageId)),
    /** A message has arrived: the answer to the call and the event both say so, whichever comes first. */
    settle: (message) => entries.delete(message.clientMessageId),
    /** What is still on its way to a room, oldest first. */
    of: (roomId) => [...entries.values()].filter((entry) => entry.roomId === roomId),
  };
};
