import type { Statement } from "./db.ts";

/**
 * Locks a room, as the first statement of every change of it: what follows in the transaction sees everything that was
 * committed to the room before, and nothing else changes it until the commit. Values: tenant, room.
 */
export const lockRoom: Statement = {
  name: "lock-room",
  text: "select from rooms where tenant_id = $1 and room_id = $2 for no key update",
};
