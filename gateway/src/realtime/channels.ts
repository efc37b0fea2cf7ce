/**
 * Names of the groups that sockets are in. The tenant comes first and can hold no slash, so no id, whatever it
 * contains, makes the name of another tenant's group or of somebody's socket.
 */
export const tenantChannel = (tenantId: string): string => `${tenantId}/tenant`;

/** All sockets of a user. */
export const userChannel = (tenantId: string, userId: string): string => `${tenantId}/user/${userId}`;

/** All sockets of a room's participants, whether they have it open or not. */
export const roomChannel = (tenantId: string, roomId: string): string => `${tenantId}/room/${roomId}`;

/** Sockets that have a room open. */
export const openRoomChannel = (tenantId: string, roomId: string): string => `${tenantId}/open/${roomId}`;
