import { expect, test } from "vitest";
import { LatestOnly } from "../src/latest-only.ts";
import { settle } from "./test-clock.ts";

test("one call runs at a time, and of what waits only the latest", async () => {
  const started: number[] = [];
  const running: (() => void)[] = [];
  const calls = new LatestOnly((value: number) => {
    started.push(value);
    return new Promise<void>((resolve) => running.push(resolve));
  });
  for (const value of [1, 2, 3]) calls.offer(value);
  await settle();
  expect(started).toEqual([1]);
  running.shift()?.();
  await settle();
  expect(started).toEqual([1, 3]);
  running.shift()?.();
  await settle();
  calls.offer(4);
  expect(started).toEqual([1, 3, 4]);
});
