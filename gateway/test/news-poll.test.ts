import { expect, test } from "vitest";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import type { NewsPoll } from "../src/realtime/feed/news-poll.ts";
import { startNewsPoll } from "../src/realtime/feed/news-poll.ts";
import type { News, NewsCursor } from "../src/store/log.ts";

const newsAt = (cursor: string): News => ({ cursor, rooms: [], changes: [], revocations: [] });

/** A poll whose questions are answered when the test says so. */
const createScene = () => {
  const timers = createTestTimers();
  const asked: (NewsCursor | undefined)[] = [];
  const told: string[] = [];
  const errors: unknown[] = [];
  const open: PromiseWithResolvers<News>[] = [];
  const poll: NewsPoll = startNewsPoll({
    timers,
    read(cursor) {
      asked.push(cursor);
      const settle = Promise.withResolvers<News>();
      open.push(settle);
      return settle.promise;
    },
    onNews: ({ cursor }) => void told.push(cursor),
    onError: (error) => void errors.push(error),
  });
  const answer = async (cursor: string | Error): Promise<void> => {
    const settle = open.shift();
    if (!settle) throw new Error("nothing is asked");
    if (cursor instanceof Error) settle.reject(cursor);
    else settle.resolve(newsAt(cursor));
    await Promise.allSettled([settle.promise]);
    await Promise.resolve();
  };
  return { timers, asked, told, errors, open, poll, answer };
};

test("it asks at once, and again a second after each answer, from where the last one ended", async () => {
  const { timers, asked, told, poll, answer } = createScene();
  expect([asked, poll.isCurrent()]).toEqual([[undefined], false]);
  await answer("one");
  expect(poll.isCurrent()).toBe(true);
  expect(timers.running).toEqual([1000]);
  timers.advance(1000);
  await answer("two");
  timers.advance(1000);
  expect(asked).toEqual([undefined, "one", "two"]);
  expect(told).toEqual(["one", "two"]);
});

test("it has begun with the first answer, not with a failure", async () => {
  const { timers, poll, answer } = createScene();
  let begun = false;
  void poll.begun.then(() => (begun = true));
  await answer(new Error("away"));
  expect(begun).toBe(false);
  timers.advance(1000);
  await answer("one");
  expect(begun).toBe(true);
});

test("a question that fails is asked again from the same place, and until then it is not current", async () => {
  const { timers, asked, told, errors, poll, answer } = createScene();
  await answer("one");
  timers.advance(1000);
  await answer(new Error("away"));
  expect([poll.isCurrent(), errors.length]).toEqual([false, 1]);
  timers.advance(1000);
  await answer("two");
  expect(asked).toEqual([undefined, "one", "one"]);
  expect(told).toEqual(["one", "two"]);
  expect(poll.isCurrent()).toBe(true);
});

test("who is in a hurry is not made to wait, and however many are, one question follows the one under way", async () => {
  const { timers, asked, open, poll, answer } = createScene();
  for (let n = 0; n < 5; n++) poll.hurry();
  expect(open).toHaveLength(1);
  await answer("one");
  expect(asked).toEqual([undefined, "one"]);
  await answer("two");
  expect([open.length, timers.running]).toEqual([0, [1000]]);
  poll.hurry();
  expect(open).toHaveLength(1);
  expect(timers.running).toEqual([]);
});

test("the stop waits for the question under way and asks no more", async () => {
  const { timers, open, poll, answer } = createScene();
  let stopped = false;
  const stopping = poll.stop().then(() => (stopped = true));
  poll.hurry();
  await Promise.resolve();
  expect(stopped).toBe(false);
  await answer("one");
  await stopping;
  poll.hurry();
  expect([open.length, timers.running]).toEqual([0, []]);
});
