import { beforeEach, describe, expect, test } from "vitest";
import { Typist } from "../src/typing.ts";
import { type TestClock, createTestClock } from "./test-clock.ts";

describe("Typist", () => {
  let clock: TestClock;
  let typist: Typist;
  let said: string[];

  beforeEach(() => {
    clock = createTestClock();
    said = [];
    typist = new Typist(clock, (roomId, isTyping) => said.push(`${roomId} ${isTyping}`));
  });

  test("[TY1] says true once, and false two seconds after the last key", async () => {
    for (let key = 0; key < 30; key += 1) {
      typist.keystroke("a");
      await clock.advance(1999);
    }
    expect(said).toEqual(["a true"]);
    await clock.advance(1);
    expect(said).toEqual(["a true", "a false"]);
    typist.keystroke("a");
    expect(said).toEqual(["a true", "a false", "a true"]);
  });

  test("[TY1] keeps rooms apart", async () => {
    typist.keystroke("a");
    await clock.advance(1500);
    typist.keystroke("b");
    await clock.advance(500);
    expect(said).toEqual(["a true", "b true", "a false"]);
  });

  test("[TY2] stop says false at once, and only to a room in which the user types", async () => {
    typist.keystroke("a");
    typist.stop("a");
    typist.stop("a");
    typist.stop("b");
    await clock.advance(10_000);
    expect(said).toEqual(["a true", "a false"]);
    expect(clock.pending()).toBe(0);
  });

  test("reset says nothing, and the next key says true again", async () => {
    typist.keystroke("a");
    typist.reset();
    await clock.advance(10_000);
    typist.keystroke("a");
    expect(said).toEqual(["a true", "a true"]);
  });

  test("[TY2] stopAll says false to every room in which the user types", async () => {
    for (const roomId of ["a", "b"]) typist.keystroke(roomId);
    typist.stopAll();
    typist.stopAll();
    await clock.advance(10_000);
    expect(said).toEqual(["a true", "b true", "a false", "b false"]);
    expect(clock.pending()).toBe(0);
  });
});
