import { expect, test } from "vitest";
import { overlappingRooms, roomsByUser, separateRooms } from "../system/world.ts";

test("separate rooms share nobody", () => {
  const { users, rooms } = separateRooms(5, 4);
  expect(rooms.map(({ members }) => members.length)).toEqual([4, 4, 4, 4, 4]);
  expect(new Set(users).size).toBe(20);
});

test("overlapping rooms are full, and everybody is in as many", () => {
  const world = overlappingRooms(100, 10, 10);
  expect(world.rooms).toHaveLength(100);
  for (const { members } of world.rooms) expect(new Set(members).size).toBe(10);
  expect([...roomsByUser(world).values()].map((rooms) => rooms.length)).toEqual(Array.from({ length: 100 }, () => 10));
  const different = new Set(world.rooms.map(({ members }) => members.toSorted().join()));
  expect(different.size).toBeGreaterThan(10);
});

test("rooms that users do not fill evenly are refused", () => {
  expect(() => overlappingRooms(15, 2, 10)).toThrow("unable to make rooms");
});
