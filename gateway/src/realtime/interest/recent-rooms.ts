/** Rooms in which something happened lately. */
export interface RecentRooms {
  add(room: string): void;
  has(room: string): boolean;
}

/** Forgets each `ms` after it was last added. */
export const createRecentRooms = (ms: number, now: () => number): RecentRooms => {
  /** Until when, the earliest first. */
  const rooms = new Map<string, number>();
  const forget = (): void => {
    for (const [room, until] of rooms) {
      if (until > now()) return;
      rooms.delete(room);
    }
  };
  return {
    add(room) {
      forget();
      rooms.delete(room);
      rooms.set(room, now() + ms);
    },
    has(room) {
      forget();
      return rooms.has(room);
    },
  };
};
