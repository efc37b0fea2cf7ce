import { describe, expect, test } from "vitest";
import { createOrderBook, isClean } from "../driver/order-book.ts";

const close = (start: number, seqs: readonly number[], head: number) => {
  const book = createOrderBook(start);
  for (const seq of seqs) book.take(seq);
  return book.close(head);
};
const clean = { lost: 0, duplicated: 0, inverted: 0, foreign: 0 };

describe("the books of a member", () => {
  test.each([
    ["all of them, in order", 0, [1, 2, 3], 3, clean],
    ["from a later start", 7, [8, 9], 9, clean],
    ["nothing said, nothing heard", 4, [], 4, clean],
    ["the last one is missing", 0, [1, 2], 3, { ...clean, lost: 1 }],
    ["the first one is missing", 0, [2, 3], 3, { ...clean, lost: 1, inverted: 2 }],
    ["one in the middle is missing", 0, [1, 3], 3, { ...clean, lost: 1, inverted: 1 }],
    ["nothing came", 0, [], 3, { ...clean, lost: 3 }],
    ["two swapped", 0, [2, 1, 3], 3, { ...clean, inverted: 1 }],
    ["the first comes last", 0, [2, 3, 4, 1], 4, { ...clean, inverted: 3 }],
    ["one twice", 0, [1, 1, 2], 2, { ...clean, duplicated: 1 }],
    ["an early one twice", 0, [2, 2, 1], 2, { ...clean, duplicated: 1, inverted: 1 }],
    ["an old one again", 3, [4, 2], 4, { ...clean, duplicated: 1 }],
  ])("%s", (_name, start, seqs, head, expected) => {
    expect(close(start, seqs, head)).toEqual(expected);
  });

  test("an event that nobody was told of yet is no violation", () => {
    expect(isClean(close(0, [1, 2, 3], 2))).toBe(true);
  });

  test("only the first arrival of an event counts as one", () => {
    const book = createOrderBook(0);
    expect([book.take(2), book.take(2), book.take(1), book.take(1)]).toEqual([true, false, true, false]);
    expect(book.last).toBe(2);
  });
});
