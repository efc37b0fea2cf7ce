import { createRoomEnsurer, type RoomEnsurer } from "./ensure-rooms.ts";
import type { Call } from "./operation.ts";
import type { CallOptions, WriteOptions } from "./options.ts";
import { eachItem } from "./paging.ts";
import type {
  AddParticipantBody,
  ClearedHistory,
  CreateRoomBody,
  DeletedConversation,
  DeletedRoom,
  ListRoomsQuery,
  RoomDetail,
  RoomPage,
  RoomSummary,
  UpdateParticipantBody,
  UpdateRoomBody,
} from "./wire.ts";

/** Conversations and their participants. Calls about a room reject with `room_not_found` when there is none. */
export interface Rooms extends RoomEnsurer {
  /**
   * Creates a room. Participants that do not exist yet are created. With an `externalId` that is taken, answers the room
   * that has it and changes nothing.
   */
  create(room: CreateRoomBody, options?: WriteOptions): Promise<RoomDetail>;

  /** One page of the tenant's rooms, latest activity first; of a user's, with `participantId`. */
  list(query?: ListRoomsQuery, options?: CallOptions): Promise<RoomPage>;

  /** The same rooms, all of them; `limit` is the size of a page. */
  all(query?: Omit<ListRoomsQuery, "cursor">, options?: CallOptions): AsyncGenerator<RoomSummary, void, undefined>;

  /** The room with your own id for it, if there is one. */
  find(externalId: string, options?: CallOptions): Promise<RoomSummary | undefined>;

  /** Reads a room with its participants; `viewerId` says whose unread messages are counted. */
  get(roomId: string, query?: { readonly viewerId?: string }, options?: CallOptions): Promise<RoomDetail>;

  /** Changes what a room looks like, or freezes it; null clears a field. Rejects with `external_id_taken`. */
  update(roomId: string, changes: UpdateRoomBody, options?: CallOptions): Promise<RoomDetail>;

  /** Deletes a room with its messages, for everybody. */
  delete(roomId: string, options?: CallOptions): Promise<DeletedRoom>;

  /** Adds somebody to a group; a user that does not exist yet is created. Rejects with `direct_room`, `room_full`. */
  addParticipant(roomId: string, participant: AddParticipantBody, options?: WriteOptions): Promise<RoomDetail>;

  /** Makes a participant an operator, or not one any more. Rejects with `participant_not_found`, `last_operator`. */
  updateParticipant(
    roomId: string,
    userId: string,
    changes: UpdateParticipantBody,
    options?: CallOptions,
  ): Promise<RoomDetail>;

  /** Removes somebody from a group; with `actorUserId`, in that user's name. Rejects with `participant_not_found`. */
  removeParticipant(
    roomId: string,
    userId: string,
    query?: { readonly actorUserId?: string },
    options?: CallOptions,
  ): Promise<RoomDetail>;

  /** Hides all messages up to now from one participant. */
  clearHistory(roomId: string, user: { readonly userId: string }, options?: WriteOptions): Promise<ClearedHistory>;

  /** Deletes a conversation for one participant: leaves a group, hides a direct room until the next message. */
  deleteForUser(roomId: string, user: { readonly userId: string }, options?: CallOptions): Promise<DeletedConversation>;
}

/** Creates the calls about rooms. */
export function createRooms(call: Call): Rooms {
  const create: Rooms["create"] = (body, options) => call("createRoom", { body }, options);
  const list: Rooms["list"] = (query = {}, options) => call("listRooms", { query }, options);
  return {
    ...createRoomEnsurer(create),
    create,
    list,
    all: (query = {}, options) =>
      eachItem(
        "list rooms",
        (cursor) => list({ ...query, cursor }, options),
        ({ rooms }) => rooms,
      ),
    find: async (externalId, options) => (await list({ externalId, limit: 1 }, options)).rooms[0],
    get: (roomId, query = {}, options) => call("getRoom", { params: { roomId }, query }, options),
    update: (roomId, body, options) => call("updateRoom", { params: { roomId }, body }, options),
    delete: (roomId, options) => call("deleteRoom", { params: { roomId } }, options),
    addParticipant: (roomId, body, options) => call("addParticipant", { params: { roomId }, body }, options),
    updateParticipant: (roomId, userId, body, options) =>
      call("updateParticipant", { params: { roomId, userId }, body }, options),
    removeParticipant: (roomId, userId, query = {}, options) =>
      call("removeParticipant", { params: { roomId, userId }, query }, options),
    clearHistory: (roomId, body, options) => call("clearHistory", { params: { roomId }, body }, options),
    deleteForUser: (roomId, query, options) => call("deleteRoomForMe", { params: { roomId }, query }, options),
  };
}
