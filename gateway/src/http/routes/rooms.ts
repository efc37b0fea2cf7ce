import { addParticipant, removeParticipant, updateParticipant } from "../../chat/participants.ts";
import { createRoom, deleteRoom, getRoom, listRooms, updateRoom } from "../../chat/rooms.ts";
import type { Handlers } from "../handler.ts";

export const roomHandlers: Handlers<
  | "createRoom"
  | "listRooms"
  | "getRoom"
  | "updateRoom"
  | "deleteRoom"
  | "addParticipant"
  | "updateParticipant"
  | "removeParticipant"
> = {
  async createRoom(deps, { actor, body }) {
    const { room, created } = await createRoom(deps, actor.tenantId, body);
    return { status: created ? 201 : 200, body: room };
  },
  async listRooms(deps, { actor, query }) {
    return { status: 200, body: await listRooms(deps, actor, query) };
  },
  async getRoom(deps, { actor, params, query }) {
    return { status: 200, body: await getRoom(deps, actor, params.roomId, query.viewerId) };
  },
  async updateRoom(deps, { actor, params, body }) {
    return { status: 200, body: await updateRoom(deps, actor, params.roomId, body) };
  },
  async deleteRoom(deps, { actor, params }) {
    return { status: 200, body: await deleteRoom(deps, actor.tenantId, params.roomId) };
  },
  async addParticipant(deps, { actor, params, body }) {
    return { status: 200, body: await addParticipant(deps, actor, params.roomId, body) };
  },
  async updateParticipant(deps, { actor, params, body }) {
    return { status: 200, body: await updateParticipant(deps, actor, params.roomId, params.userId, body) };
  },
  async removeParticipant(deps, { actor, params, query }) {
    const room = await removeParticipant(deps, actor, params.roomId, params.userId, query.actorUserId);
    return { status: 200, body: room };
  },
};
