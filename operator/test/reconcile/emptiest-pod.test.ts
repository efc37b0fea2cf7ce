import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MarkChange, MeasuredPod } from "../../src/reconcile/emptiest-pod.ts";
import { markedCost, moveMark } from "../../src/reconcile/emptiest-pod.ts";

const pod = (name: string, connections: number | undefined, cost?: string): MeasuredPod => ({
  name,
  connections,
  cost,
});
const marked = (name: string, connections: number | undefined): MeasuredPod => pod(name, connections, markedCost);

/** As the API server has them after the patches. */
const applied = (pods: readonly MeasuredPod[], changes: readonly MarkChange[]): readonly MeasuredPod[] => {
  const costs = new Map(changes.map(({ name, cost }) => [name, cost]));
  return pods.map((one) => (costs.has(one.name) ? { ...one, cost: costs.get(one.name) } : one));
};
const marksIn = (pods: readonly MeasuredPod[]): readonly string[] =>
  pods.filter(({ cost }) => cost === markedCost).map(({ name }) => name);

describe("§5.3 autoscale, the emptiest pod goes first", () => {
  test.each<[string, readonly MeasuredPod[], readonly MarkChange[]]>([
    ["the one with the fewest gets it", [pod("a", 30), pod("b", 10)], [{ name: "b", cost: markedCost }]],
    ["even ones: by name", [pod("b", 10), pod("a", 10)], [{ name: "a", cost: markedCost }]],
    ["one alone needs none", [pod("a", 30)], []],
    ["one alone was measured", [pod("a", 30), pod("b", undefined)], []],
    ["nothing was measured: it stays", [marked("a", undefined), pod("b", undefined)], []],
    ["it is there already", [pod("a", 30), marked("b", 10)], []],
    ["a tenth fewer is about even", [marked("a", 100), pod("b", 90)], []],
    [
      "clearly fewer: off before on",
      [marked("a", 100), pod("b", 89)],
      [
        { name: "a", cost: undefined },
        { name: "b", cost: markedCost },
      ],
    ],
    ["none is fewer than none", [marked("b", 0), pod("a", 0)], []],
    ["the marked one is gone", [pod("a", 20), pod("b", 30)], [{ name: "a", cost: markedCost }]],
    [
      "the marked one is not measured any more",
      [marked("a", undefined), pod("b", 20), pod("c", 30)],
      [
        { name: "a", cost: undefined },
        { name: "b", cost: markedCost },
      ],
    ],
    ["two have it: the emptier keeps it", [marked("a", 20), marked("b", 10)], [{ name: "a", cost: undefined }]],
    ["somebody else has set a cost", [pod("a", 30, "100"), pod("b", 10)], []],
  ])("%s", (_, pods, changes) => {
    expect(moveMark(pods)).toEqual(changes);
  });

  const arbitraryPods = fc
    .array(
      fc.record({
        connections: fc.option(fc.nat({ max: 300 }), { nil: undefined, freq: 5 }),
        cost: fc.constantFrom(undefined, undefined, markedCost),
      }),
      { maxLength: 8 },
    )
    .map((drawn) => drawn.map((one, index) => ({ name: `p${index}`, ...one })));

  test("from any beginning it comes to rest, two pods at a time, with one mark that no pod is clearly emptier than", () => {
    fc.assert(
      fc.property(arbitraryPods, (begun) => {
        let pods: readonly MeasuredPod[] = begun;
        for (let look = 0; look <= begun.length; look++) {
          const changes = moveMark(pods);
          expect(changes.length).toBeLessThanOrEqual(2);
          // After each single patch, should no other come: never a mark beside another that was not there before.
          for (let done = 1; done <= changes.length; done++) {
            const now = marksIn(applied(pods, changes.slice(0, done)));
            expect(now.length).toBeLessThanOrEqual(Math.max(1, marksIn(pods).length));
          }
          pods = applied(pods, changes);
        }
        expect(moveMark(pods)).toEqual([]);
        const counts = pods.flatMap(({ connections }) => connections ?? []);
        if (counts.length < 2) return;
        expect(marksIn(pods)).toHaveLength(1);
        const holder = pods.find(({ cost }) => cost === markedCost);
        expect(Math.min(...counts)).toBeGreaterThanOrEqual((holder?.connections ?? Infinity) * 0.9);
      }),
    );
  });

  test("pods that swing by a few percent about the same number never move it", () => {
    const swing = fc.array(fc.array(fc.integer({ min: 95, max: 104 }), { minLength: 4, maxLength: 4 }));
    fc.assert(
      fc.property(swing, (looks) => {
        const pods = ["a", "b", "c", "d"].map((name) => pod(name, 100, name === "c" ? markedCost : undefined));
        for (const counts of looks)
          expect(moveMark(pods.map((one, index) => ({ ...one, connections: counts[index] })))).toEqual([]);
      }),
    );
  });

  test("costs that somebody else has set are never touched, nor are ours beside them", () => {
    const theirs = fc.constantFrom("0", "-2", "1000", "x");
    fc.assert(
      fc.property(arbitraryPods, theirs, (pods, cost) => {
        expect(moveMark([...pods, pod("theirs", 1, cost)])).toEqual([]);
      }),
    );
  });
});
