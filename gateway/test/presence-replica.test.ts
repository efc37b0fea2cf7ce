import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TestTimers } from "../../scripts/testing/test-timers.ts";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import type { PresenceMessage, PresenceReplica } from "../src/realtime/presence/replica.ts";
import { beatMs, createPresenceReplica, leaseMs } from "../src/realtime/presence/replica.ts";
import { createPresenceView } from "../src/realtime/presence/view.ts";

/** A gateway's presence, what it has told its clients, and what it has sent that has not arrived. */
interface Node {
  readonly name: string;
  readonly replica: PresenceReplica;
  readonly timers: TestTimers;
  /** `place user` as its clients see it: what they were told, one change after the other. */
  readonly seen: Set<string>;
  /** What is truly here: sockets per `place user`. */
  readonly truth: Map<string, number>;
  readonly inbox: PresenceMessage[];
}

const createNetwork = () => {
  let at = 0;
  const nodes = new Map<string, Node>();
  const sent: PresenceMessage[] = [];
  const add = (name: string): Node => {
    const timers = createTestTimers();
    const seen = new Set<string>();
    const view = createPresenceView((place, userId, here) => {
      const key = `${place} ${userId}`;
      // Nobody is told twice that somebody came, or went.
      expect(seen.has(key)).toBe(!here);
      if (here) seen.add(key);
      else seen.delete(key);
    });
    const send = (message: PresenceMessage): void => {
      sent.push(message);
      for (const other of nodes.values()) if (other.name !== name) other.inbox.push(message);
    };
    const replica = createPresenceReplica({ self: name, view, timers, now: () => at, send });
    const node: Node = { name, replica, timers, seen, truth: new Map(), inbox: [] };
    nodes.set(name, node);
    return node;
  };
  const deliverAll = (): void => {
    for (let round = 0; [...nodes.values()].some(({ inbox }) => inbox.length > 0); round++) {
      expect(round).toBeLessThan(20);
      for (const node of nodes.values()) for (const message of node.inbox.splice(0)) node.replica.hear(message);
    }
  };
  const pass = (ms: number): void => {
    at += ms;
    for (const node of nodes.values()) node.timers.advance(ms);
  };
  return {
    nodes,
    sent,
    add,
    pass,
    deliverAll,
    /** Lets time pass on a network that loses nothing. */
    settle(ms: number) {
      for (let left = ms; left > 0; left -= 20) {
        pass(20);
        deliverAll();
      }
    },
    enter(node: Node, place: string, userId: string) {
      node.truth.set(`${place} ${userId}`, (node.truth.get(`${place} ${userId}`) ?? 0) + 1);
      node.replica.enter(place, userId);
    },
    leave(node: Node, place: string, userId: string) {
      const left = (node.truth.get(`${place} ${userId}`) ?? 0) - 1;
      if (left > 0) node.truth.set(`${place} ${userId}`, left);
      else node.truth.delete(`${place} ${userId}`);
      node.replica.leave(place, userId);
    },
    /** Where everybody is, over all gateways. */
    truth: () => new Set([...nodes.values()].flatMap((node) => [...node.truth.keys()])),
  };
};

type Network = ReturnType<typeof createNetwork>;
const expectAgreement = (network: Network): void => {
  for (const node of network.nodes.values()) expect([...node.seen].toSorted()).toEqual([...network.truth()].toSorted());
};

describe("messages", () => {
  test("who comes and goes elsewhere is seen here within milliseconds", () => {
    const network = createNetwork();
    const [a, b] = [network.add("a"), network.add("b")];
    a.replica.resync();
    network.settle(100);
    network.enter(a, "t", "ann");
    network.pass(5);
    network.deliverAll();
    expect([...b.seen]).toEqual(["t ann"]);
    network.leave(a, "t", "ann");
    network.settle(20);
    expectAgreement(network);
  });

  test("a second socket and a second gateway change nothing until the last one is gone", () => {
    const network = createNetwork();
    const [a, b] = [network.add("a"), network.add("b")];
    for (const node of [a, a, b]) network.enter(node, "t", "ann");
    network.settle(100);
    for (const node of [a, b]) {
      network.leave(node, "t", "ann");
      network.settle(100);
      expect([a.seen.size, b.seen.size]).toEqual([1, 1]);
    }
    network.leave(a, "t", "ann");
    network.settle(100);
    expectAgreement(network);
  });

  test("a gateway that comes later learns of everybody when it asks", () => {
    const network = createNetwork();
    const a = network.add("a");
    network.enter(a, "t", "ann");
    network.settle(100);
    const late = network.add("late");
    late.replica.resync();
    network.settle(100);
    expect([...late.seen]).toEqual(["t ann"]);
  });

  test("a gateway that says goodbye is gone at once with its users; one that says nothing, after its lease", () => {
    const network = createNetwork();
    const [a, b, c] = [network.add("a"), network.add("b"), network.add("c")];
    network.enter(b, "t", "bo");
    network.enter(c, "t", "cy");
    network.settle(100);
    b.replica.stop();
    network.nodes.delete("b");
    network.settle(20);
    expect([...a.seen]).toEqual(["t cy"]);
    network.nodes.delete("c");
    network.settle(leaseMs - 500);
    expect([...a.seen]).toEqual(["t cy"]);
    network.settle(500 + 2 * beatMs);
    expect([...a.seen]).toEqual([]);
  });

  test("a gateway that was silent for longer than its lease is back with all its users once it is heard", () => {
    const network = createNetwork();
    const [a, b] = [network.add("a"), network.add("b")];
    network.enter(b, "t", "bo");
    network.settle(100);
    for (let ms = 0; ms < leaseMs + 2 * beatMs; ms += 500) {
      network.pass(500);
      for (const node of network.nodes.values()) node.inbox.length = 0;
    }
    expect([...a.seen]).toEqual([]);
    network.settle(2 * beatMs);
    expectAgreement(network);
  });

  test("many entries travel in parts, each below what a notification can carry", () => {
    const network = createNetwork();
    const a = network.add("a");
    const users = Array.from({ length: 500 }, (_, n) => `${"ខ្មែរ👍".repeat(n % 20)}${n}`);
    for (const userId of users) network.enter(a, "t/01a203a8-942c-7515-830e-b4099a8546fe", userId);
    network.settle(100);
    const b = network.add("b");
    b.replica.resync();
    network.settle(100);
    expect(b.seen.size).toBe(500);
    const sizes = network.sent.map((message) => Buffer.byteLength(JSON.stringify(message)));
    expect(Math.max(...sizes)).toBeLessThan(7000);
    expect(network.sent.length).toBeLessThan(200);
  });

  test("parts of two tellings are not put together: what is left of the first is forgotten", () => {
    const network = createNetwork();
    const a = network.add("a");
    const tell = (version: number, part: number, last: boolean, userId: string): void =>
      a.replica.hear({ kind: "all", from: "far", version, part, last, entries: [["t", userId]] });
    tell(1, 0, false, "gone");
    tell(2, 1, true, "bo");
    expect([...a.seen]).toEqual([]);
    network.sent.length = 0;
    a.replica.hear({ kind: "beat", from: "far", version: 2 });
    expect(network.sent).toEqual([{ kind: "ask", from: "a", to: "far" }]);
    tell(2, 0, false, "ann");
    tell(2, 1, true, "bo");
    expect([...a.seen]).toEqual(["t ann", "t bo"]);
  });

  test("many who ask at the same time are answered once", () => {
    const network = createNetwork();
    const a = network.add("a");
    for (let n = 0; n < 9; n++) network.add(`b${n}`);
    network.settle(100);
    network.enter(a, "t", "ann");
    network.pass(5);
    for (const node of network.nodes.values()) node.inbox.length = 0;
    network.sent.length = 0;
    network.settle(beatMs + 100);
    expect(network.sent.filter(({ kind, from }) => kind === "all" && from === "a")).toHaveLength(1);
    expectAgreement(network);
  });
});

type Step =
  | { readonly do: "enter" | "leave"; readonly node: number; readonly place: string; readonly user: string }
  | { readonly do: "pass"; readonly ms: number }
  /** One message that is on its way arrives, also before others that were sent earlier; or is lost; or comes twice. */
  | { readonly do: "arrive" | "lose" | "double"; readonly node: number; readonly pick: number }
  | { readonly do: "resync" | "crash"; readonly node: number };

const node = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("enter" as const, "leave" as const),
      node,
      place: fc.constantFrom("t", "u", "t/r"),
      // Long, so that a few of them take several parts.
      user: fc.constantFrom(...["ann", "bo", "cy", "dan"].map((name) => name.padEnd(900, "."))),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(5, 20, 500, beatMs) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom("arrive" as const, "arrive" as const, "arrive" as const, "lose" as const, "double" as const),
      node,
      pick: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("resync" as const, "crash" as const), node }) },
);

const run = (steps: readonly Step[]): Network => {
  const network = createNetwork();
  let names = 0;
  for (let n = 0; n < 3; n++) network.add(`n${names++}`);
  for (const one of steps) {
    if (one.do === "pass") {
      network.pass(one.ms);
      continue;
    }
    const all = [...network.nodes.values()];
    const chosen = all[one.node % all.length] as Node;
    if (one.do === "enter") network.enter(chosen, one.place, one.user);
    else if (one.do === "leave" && chosen.truth.has(`${one.place} ${one.user}`)) {
      network.leave(chosen, one.place, one.user);
    } else if (one.do === "resync") chosen.replica.resync();
    else if (one.do === "crash") {
      // Another one takes its place, under a name of its own.
      network.nodes.delete(chosen.name);
      network.add(`n${names++}`);
    } else if (one.do === "arrive" || one.do === "lose" || one.do === "double") {
      const [message] = chosen.inbox.splice(one.pick % Math.max(1, chosen.inbox.length), one.do === "double" ? 0 : 1);
      const copy = one.do === "double" ? chosen.inbox[one.pick % Math.max(1, chosen.inbox.length)] : message;
      if (copy && one.do !== "lose") chosen.replica.hear(copy);
    }
  }
  return network;
};

test("whatever is lost, doubled or overtaken, all gateways agree again after some beats, and say nothing that is not so", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const network = run(steps);
      network.settle(leaseMs + 3 * beatMs);
      expectAgreement(network);
    }),
    { numRuns: 300 },
  );
});
