import { SendsarError, invalidOptions } from "./errors.ts";
import type { WriteOptions } from "./options.ts";
import type { CreateRoomBody, NewParticipant, RoomDetail } from "./wire.ts";

/** The rooms that are there because you say so, however often and from however many servers you say it. */
export interface RoomEnsurer {
  /**
   * The room between two users, made if there is none. Users that do not exist yet are created. Rejects with
   * `room_mismatch` when somebody else is in the room that has this name, which ids with a colon in them can lead to.
   *
   * @example
   * const { id } = await sendsar.rooms.ensureDirect("buyer_5", { id: "shop_9", username: "Noodle Bar" });
   */
  ensureDirect(a: Someone, b: Someone, room?: DirectRoomFields, options?: WriteOptions): Promise<RoomDetail>;

  /**
   * The group with your own id for it, made if there is none; one that is there stays as it is. The first participant
   * becomes its operator unless roles are given. Rejects with `room_mismatch` when the id is that of a direct room.
   *
   * @example
   * const { id } = await sendsar.rooms.ensureGroup("order:8812", { name: "Order 8812", participants: ["buyer_5", "shop_9"] });
   */
  ensureGroup(externalId: string, group: GroupFields, options?: WriteOptions): Promise<RoomDetail>;
}

/** A user by id, or with a name for one that does not exist yet. */
export type Someone = string | NewParticipant;

/** What a direct room may have beside its two people. */
export type DirectRoomFields = Pick<CreateRoomBody, "name" | "avatarUrl" | "customType" | "metadata">;

/** What a group has beside your id for it. */
export interface GroupFields extends DirectRoomFields {
  readonly participants: readonly Someone[];
}

/** Creates them on top of what creates a room. */
export function createRoomEnsurer(
  create: (room: CreateRoomBody, options?: WriteOptions) => Promise<RoomDetail>,
): RoomEnsurer {
  return {
    ensureDirect: async (a, b, fields = {}, options) => {
      const participants = [toParticipant(a), toParticipant(b)];
      const ids = participants.map(({ id }) => id);
      const externalId = directExternalId(ids[0] ?? "", ids[1] ?? "");
      const room = await create({ ...fields, externalId, kind: "direct", participants }, options);
      if (room.kind === "direct" && room.participants.every(({ userId }) => ids.includes(userId))) return room;
      throw mismatch(
        "ensure a direct room",
        `the room ${JSON.stringify(externalId)} is not one between these two users`,
      );
    },
    ensureGroup: async (externalId, { participants, ...fields }, options) => {
      const body = { ...fields, externalId, kind: "group", participants: participants.map(toParticipant) } as const;
      const room = await create(body, options);
      if (room.kind === "group") return room;
      throw mismatch("ensure a group", `the room ${JSON.stringify(externalId)} is a direct one`);
    },
  };
}

/**
 * The `externalId` by which the room between two users is known: `dm:<a>:<b>`, the ids in the order of their UTF-16 code
 * units, so that both sides name the same room. Throws `invalid_options` for one user alone.
 */
export function directExternalId(a: string, b: string): string {
  if (typeof a !== "string" || typeof b !== "string" || a === "" || b === "" || a === b) {
    throw invalidOptions("name a direct room", "it needs the ids of two different users");
  }
  return a < b ? `dm:${a}:${b}` : `dm:${b}:${a}`;
}

const toParticipant = (someone: Someone): NewParticipant => (typeof someone === "string" ? { id: someone } : someone);

const mismatch = (operation: string, reason: string): SendsarError =>
  new SendsarError(operation, reason, { code: "room_mismatch" });
