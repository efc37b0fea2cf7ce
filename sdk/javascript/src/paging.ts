import type { ChatClient } from "./client.ts";
import type { ListMessagesOptions, ListRoomsOptions } from "./options.ts";
import type { Message, RoomSummary } from "./wire.ts";

/**
 * All rooms of the user that fit, latest activity first, read page by page as they are taken. A room in which something
 * happens meanwhile may come twice.
 *
 * @example
 * import { Sendsar, iterateRooms } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * await chat.connect({ userId: "ann", token });
 * for await (const { name } of iterateRooms(chat, { customTypesFilter: ["order"] })) console.log(name);
 * await chat.disconnect();
 */
export async function* iterateRooms(
  chat: ChatClient,
  options: Omit<ListRoomsOptions, "cursor"> = {},
): AsyncGenerator<RoomSummary, void, undefined> {
  for (let cursor: string | undefined, isDone = false; !isDone;) {
    const { rooms, nextCursor } = await chat.listRooms({ limit: 100, ...options, cursor });
    yield* rooms;
    cursor = nextCursor ?? undefined;
    isDone = cursor === undefined;
  }
}

/**
 * All messages of a room, newest first, read page by page as they are taken; with `before` those that are older than a
 * message.
 *
 * @example
 * import { Sendsar, iterateMessages } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * await chat.connect({ userId: "ann", token });
 * for await (const { createdAt, previewText } of iterateMessages(chat, roomId)) console.log(createdAt, previewText);
 * await chat.disconnect();
 */
export async function* iterateMessages(
  chat: ChatClient,
  roomId: string,
  { limit = 100, before }: Pick<ListMessagesOptions, "limit" | "before"> = {},
): AsyncGenerator<Message, void, undefined> {
  for (let cursor: string | undefined, isDone = false; !isDone;) {
    const { messages, nextCursor } = await chat.getMessages(
      roomId,
      cursor === undefined ? { limit, before } : { limit, cursor },
    );
    yield* messages;
    cursor = nextCursor ?? undefined;
    isDone = cursor === undefined;
  }
}
