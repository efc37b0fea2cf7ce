import { expect } from "vitest";
import type { TestClient, Wire } from "./client.ts";
import { createTestClient, createUserClient } from "./client.ts";
import type { TestTenant } from "./gateway.ts";
import type { TestUser } from "./test-user.ts";

/** What a user has not read, by room, in the rooms that it is in. */
export type UnreadView = Readonly<Record<string, RoomView>>;

export interface RoomView {
  readonly unreadCount: number;
  readonly lastReadMessageId: string | null;
  /** It is in the user's list. */
  readonly listed: boolean;
}

/** Asks every endpoint that tells what is unread, on each gateway, as the user and as its backend: all must agree. */
export const readUnread = async (
  urls: readonly string[],
  tenant: Pick<TestTenant, "apiKey">,
  user: Pick<TestUser, "id" | "token">,
  roomIds: readonly string[],
): Promise<UnreadView> => {
  const id = encodeURIComponent(user.id);
  const asked = await Promise.all(
    urls.flatMap((url) => [
      ask(createUserClient(url, user.token), roomIds, {}, {}),
      ask(
        createTestClient(url, { "x-api-key": tenant.apiKey }),
        roomIds,
        { participantId: `&participantId=${id}`, userId: `?userId=${id}`, viewerId: `?viewerId=${id}` },
        { userId: user.id },
      ),
    ]),
  );
  const [first] = asked;
  if (!first) throw new Error("unable to ask what is unread; there is no gateway");
  for (const view of asked) expect(view).toEqual(first);
  return first;
};

interface QueryTexts {
  readonly participantId?: string;
  readonly userId?: string;
  readonly viewerId?: string;
}

const ask = async (
  client: TestClient,
  roomIds: readonly string[],
  { participantId = "", userId = "", viewerId = "" }: QueryTexts,
  actor: Readonly<Record<string, string>>,
): Promise<UnreadView> => {
  const [list, total, byRoom, ...rooms] = await Promise.all([
    client.get(`/chat/rooms?limit=100${participantId}`),
    client.get(`/chat/unread${userId}`),
    client.post("/chat/unread", { ...actor, roomIds }),
    ...roomIds.map((roomId) => client.get(`/chat/rooms/${roomId}${viewerId}`)),
  ]);
  for (const { status } of [list, total, byRoom]) expect(status).toBe(200);
  const listed = new Map<string, Wire>(list.body.rooms.map((room: Wire) => [room.id, room]));
  const view: Record<string, RoomView> = {};
  for (const { roomId, unreadCount, lastReadMessageId } of byRoom.body.rooms as Wire[]) {
    view[roomId] = { unreadCount, lastReadMessageId, listed: listed.has(roomId) };
    const inList = listed.get(roomId);
    if (inList) expect(inList).toMatchObject({ unreadCount, lastReadMessageId });
    else expect(unreadCount, "unread in a room that is not listed").toBe(0);
  }
  for (const [index, roomId] of roomIds.entries()) {
    const room = rooms[index];
    expect(room?.status).toBe(roomId in view ? 200 : 404);
    if (room?.status === 200) expect(room.body).toMatchObject(pick(view[roomId]));
  }
  const counts = Object.values(view).map(({ unreadCount }) => unreadCount);
  expect(total.body).toMatchObject({
    unreadCount: counts.reduce((sum, count) => sum + count, 0),
    unreadRooms: counts.filter((count) => count > 0).length,
  });
  return view;
};

const pick = (room: RoomView | undefined) => ({
  unreadCount: room?.unreadCount,
  lastReadMessageId: room?.lastReadMessageId,
});
