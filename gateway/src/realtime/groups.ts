import { LRUCache } from "lru-cache";
import type { RoomHead } from "../store/rooms.ts";
import { openRoomChannel, roomChannel, tenantChannel, userChannel } from "./channels.ts";
import type { ChatServer, ChatSocket } from "./io.ts";

/**
 * Which sockets of this gateway are in which group. Works on socket ids, so that a socket that is still being let in is
 * moved like any other: a change of membership must not slip through between the look and the connect.
 */
export interface Groups {
  /** Puts a socket into the groups of its tenant and its user. */
  enter(socketId: string, tenantId: string, userId: string): void;
  /**
   * Puts a socket into the groups of its user's rooms, as a look at the database found them, and answers which. A room
   * from which the user was removed after the look is left out.
   */
  joinRooms(socketId: string, tenantId: string, userId: string, heads: readonly RoomHead[]): readonly RoomHead[];
  /** Takes a socket out of everything. */
  leaveAll(socketId: string): void;
  /** Moves all sockets of a user into a room's group, or out of it: what the room's event `seq` did. */
  moveUser(tenantId: string, userId: string, roomId: string, into: boolean, seq: number): void;
  /** Sockets of a user here, those that are being let in included. */
  socketIdsOf(tenantId: string, userId: string): readonly string[];
  /** Connected sockets of a user, or of a whole tenant. */
  socketsOf(tenantId: string, userId: string | undefined): readonly ChatSocket[];
  /** Called when a room's group has lost its last socket. */
  onRoomEmpty(listener: (tenantId: string, roomId: string) => void): void;
}

/** Longer than any look at the database can take. */
const removalMs = 60_000;
const removalsMax = 100_000;

export const createGroups = (io: ChatServer): Groups => {
  const { adapter, sockets } = io.of("/");
  /** Where a user was last removed, for those who looked just before. */
  const removals = new LRUCache<string, number>({ max: removalsMax, ttl: removalMs });
  const idsIn = (channel: string): string[] => [...(adapter.rooms.get(channel) ?? [])];
  const connected = (ids: readonly string[]): ChatSocket[] =>
    ids.flatMap((id) => {
      const socket = sockets.get(id);
      return socket ? [socket] : [];
    });
  return {
    enter: (socketId, tenantId, userId) =>
      void adapter.addAll(socketId, new Set([tenantChannel(tenantId), userChannel(tenantId, userId)])),
    joinRooms(socketId, tenantId, userId, heads) {
      const stillIn = heads.filter(
        ({ roomId, lastSeq }) => (removals.get(JSON.stringify([tenantId, userId, roomId])) ?? 0) <= lastSeq,
      );
      void adapter.addAll(socketId, new Set(stillIn.map(({ roomId }) => roomChannel(tenantId, roomId))));
      return stillIn;
    },
    leaveAll: (socketId) => adapter.delAll(socketId),
    moveUser(tenantId, userId, roomId, into, seq) {
      if (!into) removals.set(JSON.stringify([tenantId, userId, roomId]), seq);
      const room = roomChannel(tenantId, roomId);
      for (const id of idsIn(userChannel(tenantId, userId))) {
        if (into) void adapter.addAll(id, new Set([room]));
        else {
          void adapter.del(id, room);
          void adapter.del(id, openRoomChannel(tenantId, roomId));
        }
      }
    },
    socketIdsOf: (tenantId, userId) => idsIn(userChannel(tenantId, userId)),
    socketsOf: (tenantId, userId) =>
      connected(idsIn(userId === undefined ? tenantChannel(tenantId) : userChannel(tenantId, userId))),
    onRoomEmpty(listener) {
      adapter.on("delete-room", (channel: string) => {
        const match = /^([^/]+)\/room\/(.+)$/.exec(channel);
        if (match?.[1] !== undefined && match[2] !== undefined) listener(match[1], match[2]);
      });
    },
  };
};
