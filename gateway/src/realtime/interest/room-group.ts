/** So many that one of some hundred rooms is seldom taken for another, so few that all of them can be told in some messages. */
export const roomGroups = 4096;

/**
 * The group of a room, by the FNV-1a hash of its name (draft-eastlake-fnv). All gateways of a deployment have to find the
 * same one.
 */
export const toRoomGroup = (room: string): string => {
  let hash = 0x811c9dc5;
  for (let n = 0; n < room.length; n++) hash = Math.imul(hash ^ room.charCodeAt(n), 0x01000193);
  return (((hash >>> 12) ^ hash) & (roomGroups - 1)).toString(36);
};
