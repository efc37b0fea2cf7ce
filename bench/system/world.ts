import { randomUUID } from "node:crypto";

/** A room and who is in it. */
export interface WorldRoom {
  readonly roomId: string;
  readonly members: readonly string[];
}

/** Users and rooms of one tenant. Every subject is filled with the same one. */
export interface World {
  readonly users: readonly string[];
  readonly rooms: readonly WorldRoom[];
}

/** Rooms of which no two share a member. Names begin with `prefix`. */
export const separateRooms = (rooms: number, membersPerRoom: number, prefix = "u"): World => {
  const made = Array.from({ length: rooms }, (_, room) => ({
    roomId: randomUUID(),
    members: Array.from({ length: membersPerRoom }, (_unused, member) => `${prefix}-${room}-${member}`),
  }));
  return { users: made.flatMap(({ members }) => members), rooms: made };
};

/** Every user is in `roomsPerUser` rooms, every room has `membersPerRoom` members. */
export const overlappingRooms = (users: number, roomsPerUser: number, membersPerRoom: number): World => {
  if (users % membersPerRoom !== 0) throw new Error("unable to make rooms; users must fill them evenly");
  const names = Array.from({ length: users }, (_, index) => `u-${index}`);
  const count = Math.ceil((users * roomsPerUser) / membersPerRoom);
  // Neighbours in a room are neighbours by number; each layer is shifted, so that rooms differ.
  const rooms = Array.from({ length: count }, (_, room) => ({
    roomId: randomUUID(),
    members: Array.from({ length: membersPerRoom }, (_unused, member) => {
      const place = room * membersPerRoom + member;
      const layer = Math.floor(place / users);
      return names[(place + layer * 3) % users] ?? "";
    }),
  }));
  return { users: names, rooms };
};

/** The rooms of each user. */
export const roomsByUser = ({ rooms }: World): ReadonlyMap<string, readonly string[]> => {
  const byUser = new Map<string, string[]>();
  for (const { roomId, members } of rooms) {
    for (const user of members) byUser.set(user, [...(byUser.get(user) ?? []), roomId]);
  }
  return byUser;
};
