import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TestTimers } from "../../scripts/testing/test-timers.ts";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import type { Bus } from "../src/realtime/cluster/bus.ts";
import type { Interest } from "../src/realtime/interest/interest.ts";
import { createInterest, recentMs, wordMs } from "../src/realtime/interest/interest.ts";
import { toRoomGroup } from "../src/realtime/interest/room-group.ts";
import { beatMs, leaseMs } from "../src/realtime/presence/replica.ts";
import { createCounters } from "../src/telemetry/counters.ts";
import type { LogEvent } from "../src/store/log.ts";

interface Node {
  readonly interest: Interest;
  readonly timers: TestTimers;
  readonly counters: ReturnType<typeof createCounters>;
  /** At which times it looked into the log. */
  readonly looks: number[];
  readonly rooms: Set<string>;
  readonly inbox: unknown[];
  hear: (message: unknown) => void;
  isListening: boolean;
  /** Nothing that it says or that is said reaches anybody. */
  isCutOff: boolean;
}

/** Gateways that begin to listen when they are added, and a network between them. */
const createNetwork = () => {
  let at = 0;
  const nodes: Node[] = [];
  const messages: unknown[] = [];
  const add = (): Node => {
    const timers = createTestTimers();
    const looks: number[] = [];
    const counters = createCounters();
    const bus = {
      send(_kind: string, message: unknown) {
        messages.push(message);
        if (!node.isCutOff) for (const other of nodes) if (other !== node && !other.isCutOff) other.inbox.push(message);
      },
      on: (_kind: string, listener: (message: unknown) => void) => void (hear = listener),
    } as unknown as Bus;
    let hear: (message: unknown) => void = () => undefined;
    const interest = createInterest({
      ...{ self: `gateway-${nodes.length}`, bus, timers, counters },
      now: () => at,
      isListening: () => node.isListening,
      lookAgain: () => void looks.push(at),
    });
    const standing = { isListening: true, isCutOff: false };
    const node: Node = { interest, timers, counters, looks, rooms: new Set(), inbox: [], hear, ...standing };
    nodes.push(node);
    interest.resync();
    return node;
  };
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left--) {
      at++;
      for (const node of nodes) {
        node.timers.advance(1);
        for (const message of node.inbox.splice(0)) node.hear(message);
      }
    }
  };
  return {
    ...{ nodes, messages, add, pass },
    open(node: Node, roomId: string) {
      node.rooms.add(roomId);
      node.interest.changed("t", roomId, true);
    },
    close(node: Node, roomId: string) {
      node.rooms.delete(roomId);
      node.interest.changed("t", roomId, false);
    },
    /** Until nobody is in doubt any more, if nothing is lost. */
    settle: () => pass(leaseMs + 2 * beatMs),
  };
};

const message = (roomId: string): LogEvent => ({ type: "unknown", roomId, seq: 1 });
const join = (roomId: string) => ({ type: "participants.changed", roomId, seq: 1 }) as unknown as LogEvent;
const isWanted = (node: Node, roomId: string): boolean => node.interest.isWanted("t", message(roomId));

describe("is a doorbell wanted", () => {
  test("not by a gateway that is alone, once it has listened for as long as one that says nothing may be alive", () => {
    const network = createNetwork();
    const one = network.add();
    network.open(one, "r");
    network.pass(leaseMs - 1);
    expect(isWanted(one, "r")).toBe(true);
    network.pass(1);
    expect([isWanted(one, "r"), one.interest.isWanted("t", join("r"))]).toEqual([false, false]);
    expect(one.counters).toMatchObject({ eventsTold: 1, eventsUntold: 2 });
  });

  test("by those who have the room open, as long as they have; and by no room of another group", () => {
    const network = createNetwork();
    const [one, two] = [network.add(), network.add()];
    network.settle();
    network.open(one, "r");
    network.open(two, "s");
    network.pass(20);
    expect([isWanted(one, "r"), isWanted(two, "r"), isWanted(one, "s"), isWanted(two, "s")]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    network.close(two, "s");
    network.pass(20);
    expect(isWanted(one, "s")).toBe(false);
  });

  test("by all while the others are not heard, and for a lease after", () => {
    const network = createNetwork();
    const [one] = [network.add(), network.add()];
    network.settle();
    expect(isWanted(one, "r")).toBe(false);
    one.isListening = false;
    expect(isWanted(one, "r")).toBe(true);
    one.isListening = true;
    one.interest.resync();
    network.pass(leaseMs - 1);
    expect(isWanted(one, "r")).toBe(true);
    network.pass(1);
    expect(isWanted(one, "r")).toBe(false);
  });

  test("by all while one is known to have said something that did not arrive", () => {
    const network = createNetwork();
    const [one, two] = [network.add(), network.add()];
    network.settle();
    network.open(two, "s");
    network.pass(4);
    two.isCutOff = true;
    network.pass(beatMs / 2);
    two.isCutOff = false;
    expect(isWanted(one, "s")).toBe(false);
    // Its next beat tells that something is missing.
    const asked = () => network.messages.filter((said) => (said as { kind: string }).kind === "ask").length;
    const before = asked();
    for (let waited = 0; asked() === before && waited < beatMs; waited++) network.pass(1);
    expect([isWanted(one, "s"), isWanted(one, "another")]).toEqual([true, true]);
    network.pass(100);
    expect([isWanted(one, "s"), isWanted(one, "another")]).toEqual([true, false]);
  });

  test("not by a gateway that has not been heard for a lease", () => {
    const network = createNetwork();
    const [one, two] = [network.add(), network.add()];
    network.open(two, "s");
    network.settle();
    two.isCutOff = true;
    network.pass(leaseMs - beatMs);
    expect(isWanted(one, "s")).toBe(true);
    network.pass(3 * beatMs);
    expect(isWanted(one, "s")).toBe(false);
    two.isCutOff = false;
    network.pass(2 * beatMs);
    expect(isWanted(one, "s")).toBe(true);
  });

  test("by all when members changed, and for some seconds after, in that room", () => {
    const network = createNetwork();
    const [one] = [network.add(), network.add()];
    network.settle();
    expect(one.interest.isWanted("t", join("r"))).toBe(true);
    network.pass(recentMs - 1);
    expect([isWanted(one, "r"), isWanted(one, "s")]).toEqual([true, false]);
    network.pass(1);
    expect(isWanted(one, "r")).toBe(false);
  });

  test("after a farewell no more", () => {
    const network = createNetwork();
    const [one, two] = [network.add(), network.add()];
    network.open(two, "s");
    network.settle();
    two.interest.stop();
    network.pass(20);
    expect(isWanted(one, "s")).toBe(false);
    expect(two.timers.running).toEqual([]);
  });

  test("whatever is opened, closed and lost: soon after the last of it everybody is right", () => {
    const step = fc.record({
      node: fc.nat(2),
      room: fc.nat(9),
      act: fc.constantFrom("open", "close", "cut", "join", "deaf"),
      ms: fc.nat(3000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const network = createNetwork();
        const nodes = [network.add(), network.add(), network.add()];
        for (const { node: n, room, act, ms } of steps) {
          const node = nodes[n];
          const roomId = `room-${room}`;
          if (!node) continue;
          if (act === "open" && !node.rooms.has(roomId)) network.open(node, roomId);
          if (act === "close" && node.rooms.has(roomId)) network.close(node, roomId);
          if (act === "cut") node.isCutOff = true;
          if (act === "join") node.interest.isWanted("t", join(roomId));
          if (act === "deaf") node.isListening = !node.isListening;
          network.pass(ms);
          node.isCutOff = false;
        }
        for (const node of nodes) {
          if (!node.isListening) node.interest.resync();
          node.isListening = true;
        }
        network.settle();
        for (const node of nodes) {
          for (let room = 0; room < 10; room++) {
            const others = nodes.filter((other) => other !== node && other.rooms.has(`room-${room}`));
            expect(isWanted(node, `room-${room}`)).toBe(others.length > 0);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("who opened a room", () => {
  test("looks into the log when word of it has come to the others: they told nothing of it until then", () => {
    const network = createNetwork();
    const [one, two] = [network.add(), network.add()];
    network.settle();
    network.open(two, "s");
    let heardAfter = 0;
    for (; !isWanted(one, "s"); heardAfter++) network.pass(1);
    expect(heardAfter).toBeLessThan(wordMs / 2);
    expect(two.looks).toHaveLength(0);
    network.pass(wordMs - heardAfter);
    expect(two.looks).toHaveLength(1);
    network.pass(10 * wordMs);
    expect(two.looks).toHaveLength(1);
  });

  test("looks once for many, and once more for those that came while it waited", () => {
    const network = createNetwork();
    const two = [network.add(), network.add()][1];
    network.settle();
    if (!two) throw new Error("no second gateway");
    for (let n = 0; n < 20; n++) network.open(two, `early-${n}`);
    network.pass(wordMs - 1);
    for (let n = 0; n < 20; n++) network.open(two, `late-${n}`);
    network.pass(1);
    expect(two.looks).toHaveLength(1);
    network.pass(wordMs);
    expect(two.looks).toHaveLength(2);
    network.pass(10 * wordMs);
    expect(two.looks).toHaveLength(2);
  });

  test("does not when it is alone, nor for a room of a group that the others know already", () => {
    const network = createNetwork();
    const one = network.add();
    network.settle();
    network.open(one, "r");
    network.pass(10 * wordMs);
    const two = network.add();
    network.settle();
    network.open(two, "s");
    network.pass(10 * wordMs);
    network.open(two, sameGroupAs("s"));
    network.pass(10 * wordMs);
    expect([one.looks.length, two.looks.length]).toEqual([0, 1]);
  });
});

const sameGroupAs = (roomId: string): string => {
  for (let n = 0; ; n++) if (toRoomGroup(`t/other-${n}`) === toRoomGroup(`t/${roomId}`)) return `other-${n}`;
};

test("rooms spread over the groups: of 400 few share one", () => {
  const groups = new Set(Array.from({ length: 400 }, (_, n) => toRoomGroup(`tenant/room-${n}`)));
  expect(groups.size).toBeGreaterThan(360);
});
