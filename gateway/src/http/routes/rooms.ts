import { addParticipant, removeParticipant } from "../../chat/participants.ts";
import { markRoomRead } from "../../chat/receipts.ts";
import { createRoom, getRoom, listRooms } from "../../chat/rooms.ts";
import type { Handlers } from "../handlers.ts";

export const roomHandlers: Handlers<
  "createRoom" | "listRooms" | "getRoom" | "markRoomRead" | "addParticipant" | "removeParticipant"
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
  async markRoomRead(deps, { actor, params, body }) {
    return { status: 200, body: await markRoomRead(deps, actor, params.roomId, body) };
  },
  async addParticipant(deps, { actor, params, body }) {
    return { status: 200, body: await addParticipant(deps, actor, params.roomId, body) };
  },
  async removeParticipant(deps, { actor, params, query }) {
    const room = await removeParticipant(deps, actor, params.roomId, params.userId, query.actorUserId);
    return { status: 200, body: room };
  },
};
