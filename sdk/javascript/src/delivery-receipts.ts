import type { ChatClient } from "./client.ts";
import { SendsarError, toSendsarError } from "./errors.ts";
import { LatestOnly } from "./latest-only.ts";
import { isTransient } from "./retry.ts";

/**
 * Tells the server of every message by somebody else that reached this device, so that its author sees it as delivered:
 * for each room one call at a time, up to the latest message. What the network does not let through, the next message
 * makes up for. Returns a function that ends it.
 *
 * @example
 * import { Sendsar, confirmDelivery } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * const stop = confirmDelivery(chat);
 * await chat.connect({ userId: "ann", token });
 * stop();
 * await chat.disconnect();
 */
export function confirmDelivery(chat: ChatClient, onError: (error: SendsarError) => void = chat.deps.reportError) {
  const rooms = new Map<string, LatestOnly<string>>();
  const confirm = async (roomId: string, messageId: string): Promise<void> => {
    try {
      await chat.markDelivered(roomId, messageId);
    } catch (error) {
      if (!isTransient(error) && !isOver(error)) onError(toSendsarError("confirm delivery", error));
    }
  };
  return chat.on("new-message", ({ roomId, id, senderId }) => {
    if (senderId === chat.userId) return;
    const calls = rooms.get(roomId) ?? new LatestOnly((messageId: string) => confirm(roomId, messageId));
    rooms.delete(roomId);
    rooms.set(roomId, calls);
    // A room that is forgotten loses nothing but the order of two calls, and the server never moves back.
    for (const oldest of rooms.size > roomsMax ? rooms.keys() : []) {
      rooms.delete(oldest);
      break;
    }
    calls.offer(id);
  });
}

const roomsMax = 1000;

/** The user has disconnected, or is not in the room any more: nobody waits for the receipt. */
const isOver = (error: unknown): boolean =>
  error instanceof SendsarError && (error.code === "aborted" || error.code === "not_connected" || error.status === 404);
