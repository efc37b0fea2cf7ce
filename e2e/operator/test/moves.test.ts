import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Move } from "../stage/moves.ts";
import { longestAway, mostMoving } from "../stage/moves.ts";

const move = (lostAt: number, backAt?: number): Move => ({ socket: 0, lostAt, backAt });

test.each<readonly [string, readonly Move[], number]>([
  ["nobody", [], 0],
  ["two in one window", [move(0, 1), move(4.9, 6)], 2],
  ["two too far apart", [move(0, 1), move(6.1, 7)], 1],
  ["one that is still away when the next one goes", [move(0, 20), move(21, 22)], 2],
  ["one that never comes back", [move(0), move(1000, 1001)], 2],
])("counts %s", (_who, moves, most) => {
  expect(mostMoving(moves, 5)).toBe(most);
});

test("no window that is looked at by itself has more, and one has as many", () => {
  const moves = fc.array(
    fc.record({ socket: fc.nat(), lostAt: fc.nat(100), away: fc.nat(30) }).map(({ socket, lostAt, away }): Move => {
      return { socket, lostAt, backAt: lostAt + away };
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(moves, fc.integer({ min: 1, max: 40 }), (some, windowMs) => {
      const meeting = (from: number): number =>
        some.filter(({ lostAt, backAt = Infinity }) => lostAt <= from + windowMs && backAt >= from).length;
      const windows = Array.from({ length: 300 }, (_, n) => meeting(n - 100));
      expect(mostMoving(some, windowMs)).toBe(Math.max(...windows));
    }),
  );
});

test("who is not back is away for ever", () => {
  expect(longestAway([move(3, 9), move(20, 21)])).toBe(6);
  expect(longestAway([move(3, 9), move(20)])).toBe(Infinity);
  expect(longestAway([])).toBe(0);
});
