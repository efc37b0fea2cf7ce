import { textFromMessageParts } from "/sdk/sendsar.mjs";
import { dayOf } from "./format.js";

const runMsMax = 5 * 60_000;

/** Two lists of messages as one, each message once, in the order of the room. */
export const mergeMessages = (known, incoming) => {
  const byId = new Map([...known, ...incoming].map((message) => [message.id, message]));
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
};

/** What a message says. */
const textOf = (message) => textFromMessageParts(message.parts) || "This message cannot be shown here";

/**
 * What the thread shows, top to bottom: a line for each new day, and bubbles that know whether they are the first or
 * the last of a run by one person. `readAt` is how far the other one has read, in a room of two.
 */
export const toTimeline = ({ messages, outgoing, me, readAt }) => {
  const sent = messages.map((message) => ({
    key: message.senderId === me ? (message.clientMessageId ?? message.id) : message.id,
    senderId: message.senderId,
    createdAt: message.createdAt,
    text: textOf(message),
    state: readAt && message.createdAt <= readAt ? "read" : "sent",
  }));
  const bubbles = [...sent, ...outgoing.map((entry) => ({ ...entry, key: entry.clientMessageId }))];
  const lastOwnSent = sent.findLast((bubble) => bubble.senderId === me);

  return bubbles.flatMap((bubble, index) => {
    const day = dayOf(bubble.createdAt);
    const isNewDay = index === 0 || dayOf(bubbles[index - 1].createdAt) !== day;
    const item = {
      ...bubble,
      kind: "bubble",
      isMine: bubble.senderId === me,
      isFirst: isNewDay || !isSameRun(bubbles[index - 1], bubble),
      isLast: !isSameRun(bubble, bubbles[index + 1]),
      showsState: bubble === lastOwnSent || bubble.state === "sending" || bubble.state === "failed",
    };
    return isNewDay ? [{ kind: "day", key: `day ${day}`, day }, item] : [item];
  });
};

const isSameRun = (a, b) =>
  b !== undefined &&
  a.senderId === b.senderId &&
  dayOf(a.createdAt) === dayOf(b.createdAt) &&
  new Date(b.createdAt) - new Date(a.createdAt) < runMsMax;
