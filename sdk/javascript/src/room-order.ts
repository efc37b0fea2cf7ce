import type { RoomSummary } from "./wire.ts";

/**
 * Orders rooms as the server lists them, for `sort`: the one with the latest message first, a room without messages by
 * when it was made, and rooms of the same moment by id.
 *
 * @example
 * import { Sendsar, compareRooms } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * await chat.connect({ userId: "ann", token });
 * const { rooms } = await chat.listRooms({ limit: 100 });
 * console.log([...rooms].sort(compareRooms).map(({ name }) => name));
 * await chat.disconnect();
 */
export function compareRooms(a: OrderedRoom, b: OrderedRoom): number {
  const byActivity = activityMs(b) - activityMs(a);
  if (byActivity !== 0) return byActivity;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

/** What of a room decides its place. */
export type OrderedRoom = Pick<RoomSummary, "id" | "lastMessage" | "createdAt">;

const activityMs = ({ lastMessage, createdAt }: OrderedRoom): number => Date.parse(lastMessage?.createdAt ?? createdAt);
