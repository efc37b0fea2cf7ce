import { expect, test } from "vitest";
import { figure } from "../report/figures.ts";
import type { BenchResult } from "../report/result.ts";
import { isMet, worstOf } from "../report/result.ts";
import { replaceBetweenMarkers } from "../report/save.ts";
import { amount, toMarkdown } from "../report/table.ts";

const result = (failed: boolean): BenchResult => ({
  ...{
    date: "2026-01-02 03:04",
    command: "npm run bench",
    commit: "abc",
    machine: { CPU: "one" },
    acceptedNoise: false,
  },
  workloads: [
    {
      ...{ name: "fan-1k", what: "a room", roundsKept: 3, roundsRejected: ["too loud"], seconds: 9, load: [0.1, 1] },
      ...{ notes: ["A note."], failed },
      figures: failed
        ? []
        : [figure("CPU", "x", [1.3, 1.2, 1.1], { atMost: 1.25 }), figure("rate", "1/s", [1000, 3000, 2000])],
    },
  ],
});

test("a figure is a median, and what speaks most against us", () => {
  const low = figure("a", "x", [3, 1, 2], { atMost: 2 });
  const high = figure("b", "x", [3, 1, 2], { atLeast: 3 });
  expect([low.median, worstOf(low), isMet(low)]).toEqual([2, 3, true]);
  expect([high.median, worstOf(high), isMet(high)]).toEqual([2, 1, false]);
  const free = figure("c", "x", [1]);
  expect([worstOf(free), isMet(free)]).toEqual([undefined, undefined]);
});

test("the table says what is met and what was rejected", () => {
  const markdown = toMarkdown(result(false));
  expect(markdown).toContain("| CPU | 1.20x | 1.30x | ≤ 1.25x | met |");
  expect(markdown).toContain("| rate | 2,000 1/s | 1,000 1/s – 3,000 1/s |  |  |");
  expect(markdown).toContain("3 rounds count, 1 were rejected (too loud).");
});

test("wrong delivery has no figures", () => {
  const markdown = toMarkdown(result(true));
  expect(markdown).toContain("Delivery was wrong");
  expect(markdown).not.toContain("| median |");
});

test.each([
  [0.123, "x", "0.12x"],
  [12.34, "µs", "12.3 µs"],
  [1234.5, "1/s", "1,235 1/s"],
  [0, "", "0"],
])("%d %s is written %s", (value, unit, expected) => {
  expect(amount(value, unit)).toBe(expected);
});

test("the report replaces the one before it, and a page without its place is refused", () => {
  const page = "# A\n\n<!-- bench: begin; written by npm run bench -->\n\nold\n\n<!-- bench: end -->\n\nB\n";
  const once = replaceBetweenMarkers(page, "new");
  expect(once).toBe(page.replace("old", "new"));
  expect(replaceBetweenMarkers(once, "new")).toBe(once);
  expect(() => replaceBetweenMarkers("# A", "new")).toThrow("unable to write the report");
});
