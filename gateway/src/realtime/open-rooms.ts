/** Which rooms a tenant's users have open, and in how many sockets: the presence inside a room. */
export interface OpenRooms {
  /** Answers true if it is the user's first socket there. */
  open(tenantId: string, roomId: string, userId: string): boolean;
  /** Answers true if it was the user's last socket there. */
  close(tenantId: string, roomId: string, userId: string): boolean;
  usersIn(tenantId: string, roomId: string): string[];
}

export const createOpenRooms = (): OpenRooms => {
  const rooms = new Map<string, Map<string, number>>();
  const keyOf = (tenantId: string, roomId: string): string => `${tenantId}/${roomId}`;
  return {
    open(tenantId, roomId, userId) {
      const key = keyOf(tenantId, roomId);
      const users = rooms.get(key) ?? new Map<string, number>();
      rooms.set(key, users);
      const sockets = users.get(userId) ?? 0;
      users.set(userId, sockets + 1);
      return sockets === 0;
    },
    close(tenantId, roomId, userId) {
      const key = keyOf(tenantId, roomId);
      const users = rooms.get(key);
      const sockets = users?.get(userId);
      if (!users || sockets === undefined) return false;
      if (sockets > 1) {
        users.set(userId, sockets - 1);
        return false;
      }
      users.delete(userId);
      if (users.size === 0) rooms.delete(key);
      return true;
    },
    usersIn: (tenantId, roomId) => [...(rooms.get(keyOf(tenantId, roomId))?.keys() ?? [])],
  };
};
