import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Lane, Lanes, Waiting } from "../src/chat/write-lanes.ts";
import { createLanes } from "../src/chat/write-lanes.ts";

interface Item extends Waiting<number> {
  readonly answer: number;
}

const item = (roomId: string, n: number, since = n): Item => ({
  message: { roomId } as Item["message"],
  since,
  answer: n,
});
const takeAll = (lanes: Lanes<Item>, lane: Lane<Item>): Item[] => lanes.take(lane, (waiting) => waiting.splice(0));
const numbers = (items: readonly Item[]): number[] => items.map(({ answer }) => answer);

describe("lanes", () => {
  test("a tenant's messages share one lane, whatever their rooms; lanes take turns in the order in which they asked", () => {
    const lanes = createLanes<Item>(() => 0);
    for (const [n, [tenant, room]] of [
      ["a", "r"],
      ["b", "r"],
      ["a", "s"],
    ].entries())
      lanes.push(tenant ?? "", item(room ?? "", n));
    const [first, second] = [lanes.next(), lanes.next()];
    expect([first?.tenantId, second?.tenantId, lanes.next()]).toEqual(["a", "b", undefined]);
    expect(numbers(takeAll(lanes, first as Lane<Item>))).toEqual([0, 2]);
    expect(lanes.count).toBe(1);
  });

  test("a lane whose turn it is gets no other before it is free", () => {
    const lanes = createLanes<Item>(() => 0);
    lanes.push("a", item("r", 0));
    const lane = lanes.next() as Lane<Item>;
    takeAll(lanes, lane);
    lanes.push("a", item("r", 1));
    expect(lanes.next()).toBeUndefined();
    lanes.free(lane);
    expect(lanes.next()).toBe(lane);
    takeAll(lanes, lane);
    lanes.free(lane);
    expect(lanes.isEmpty()).toBe(true);
  });

  test("after a lock could not be had, its rooms go their own ways, those that wait behind included", () => {
    const lanes = createLanes<Item>(() => 0);
    lanes.push("a", item("locked", 0));
    lanes.push("a", item("fine", 1));
    const lane = lanes.next() as Lane<Item>;
    const batch = takeAll(lanes, lane);
    lanes.push("a", item("locked", 2));
    lanes.push("a", item("other", 3));
    lanes.split(lane, batch);
    lanes.push("a", item("locked", 4));
    lanes.free(lane);
    const found = new Map<string | undefined, number[]>();
    for (let next = lanes.next(); next; next = lanes.next()) found.set(next.roomId, numbers(takeAll(lanes, next)));
    expect(found).toEqual(
      new Map([
        ["locked", [0, 2, 4]],
        ["fine", [1]],
        [undefined, [3]],
      ]),
    );
    expect(lanes.count).toBe(0);
  });

  test("a room goes back to its tenant's lane after a while, once its own is empty", () => {
    let now = 1000;
    const lanes = createLanes<Item>(() => now);
    lanes.push("a", item("r", 0));
    const tenant = lanes.next() as Lane<Item>;
    lanes.split(tenant, takeAll(lanes, tenant));
    lanes.free(tenant);
    const own = lanes.next() as Lane<Item>;
    takeAll(lanes, own);
    now += 11_000;
    lanes.push("a", item("r", 1));
    expect([own.roomId, numbers(own.waiting)]).toEqual(["r", [1]]);
    takeAll(lanes, own);
    lanes.free(own);
    lanes.push("a", item("r", 2));
    expect(lanes.next()).toMatchObject({ tenantId: "a", roomId: undefined });
  });

  test("what has waited too long is taken out, oldest first, and the rest stays", () => {
    const lanes = createLanes<Item>(() => 0);
    for (const n of [1, 2, 3]) lanes.push("a", item("r", n));
    expect(numbers(lanes.takeOlderThan(3))).toEqual([1, 2]);
    expect(lanes.count).toBe(1);
    expect(numbers(takeAll(lanes, lanes.next() as Lane<Item>))).toEqual([3]);
  });
});

type Step =
  | { readonly do: "push"; readonly room: number }
  | { readonly do: "start" }
  | { readonly do: "end" | "fail"; readonly pick: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant("push" as const), room: fc.nat({ max: 3 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("start" as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom("end" as const, "end" as const, "fail" as const),
        pick: fc.nat({ max: 3 }),
      }),
    },
  ),
  { maxLength: 100, size: "max" },
);

test("no room is under way twice at a time, each keeps its order, and nothing is lost or doubled", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const lanes = createLanes<Item>(() => 0);
      const running: { lane: Lane<Item>; batch: Item[] }[] = [];
      const written = new Map<string, number[]>();
      let pushed = 0;
      const start = (): boolean => {
        const lane = lanes.next();
        if (!lane) return false;
        const batch = lanes.take(lane, (waiting) => waiting.splice(0, 3));
        const busy = new Set(running.flatMap((other) => other.batch.map(({ message }) => message.roomId)));
        expect(batch.filter(({ message }) => busy.has(message.roomId))).toEqual([]);
        running.push({ lane, batch });
        return true;
      };
      const finish = (pick: number, fails: boolean): void => {
        const [one] = running.splice(pick % Math.max(1, running.length), 1);
        if (!one) return;
        if (fails && one.lane.roomId === undefined && one.batch.length > 0) lanes.split(one.lane, one.batch);
        else
          for (const { message, answer } of one.batch)
            written.set(message.roomId, [...(written.get(message.roomId) ?? []), answer]);
        lanes.free(one.lane);
      };
      for (const step of all) {
        if (step.do === "push") lanes.push("a", item(`r${step.room}`, pushed++));
        else if (step.do === "start") start();
        else finish(step.pick, step.do === "fail");
      }
      while (running.length > 0 || start()) finish(0, false);
      expect(lanes.isEmpty()).toBe(true);
      expect(lanes.count).toBe(0);
      expect([...written.values()].flat().toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: pushed }, (_, n) => n),
      );
      for (const seen of written.values()) expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    }),
    { numRuns: 500 },
  );
});
