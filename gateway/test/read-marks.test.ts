import { expect, test } from "vitest";
import { createReadMarks } from "../src/realtime/read-marks.ts";

const at = (ms: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, 0, ms)).toISOString();

test("M10 a mark goes forward only, for each participant of each room", () => {
  const marks = createReadMarks();
  expect(marks.advance("a/room/1", "ann", at(5))).toBe(true);
  expect(marks.advance("a/room/1", "ann", at(5))).toBe(false);
  expect(marks.advance("a/room/1", "ann", at(4))).toBe(false);
  expect(marks.advance("a/room/1", "bo", at(4))).toBe(true);
  expect(marks.advance("a/room/2", "ann", at(4))).toBe(true);
  expect(marks.advance("a/room/1", "ann", at(999))).toBe(true);
  expect(marks.advance("a/room/1", "ann", at(1000))).toBe(true);
});

test("M10 the latest marks are remembered, however many there were", () => {
  const marks = createReadMarks(100);
  for (let n = 0; n < 10_000; n++) expect(marks.advance("a/room/1", `user-${n}`, at(5))).toBe(true);
  for (let n = 9900; n < 10_000; n++) expect(marks.advance("a/room/1", `user-${n}`, at(5))).toBe(false);
  // Not kept for ever.
  expect(marks.advance("a/room/1", "user-0", at(5))).toBe(true);
});
