import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ConnectionEffect,
  type ConnectionEvent,
  type Phase,
  stepConnection,
  toConnectionState,
} from "../src/connection-machine.ts";
import { events, outcomeOf } from "./connection-cells.ts";

/** Does what the effects say as a driver does, and complains when they make no sense. */
class World {
  phase: Phase = { name: "idle" };
  readonly open = new Set<number>();
  readonly made: number[] = [];
  readonly timers = new Set<string>();
  readonly told: string[] = [];
  used: number | undefined;
  readonly #admitted = new Set<number>();

  take(event: ConnectionEvent): void {
    // A timer fires only while it runs, and links tell what they do only while they are open.
    if (event.type === "delay-over" && !this.timers.delete("delay")) return;
    if (event.type === "renewal-due" && !this.timers.delete("renewal")) return;
    if (event.type === "deadline-over" && !this.timers.delete("deadline")) return;
    if ("link" in event && !this.#canTell(event)) return;
    const [next, effects] = stepConnection(this.phase, event);
    this.phase = next;
    for (const effect of effects) this.#perform(effect);
  }

  /** What a link can tell, and what becomes of it. News of a link that is not open is late: it must change nothing. */
  #canTell(event: Extract<ConnectionEvent, { readonly link: number }>): boolean {
    const { type, link } = event;
    const isAdmitted = this.#admitted.has(link);
    if (!this.open.has(link)) expect(outcomeOf(this.phase, event), "late news").toBe("stays");
    if (!this.open.has(link) || (type === "rejoined" || type === "closed") !== isAdmitted) return false;
    if (type === "opened") this.#admitted.add(link);
    if (type !== "opened" && type !== "rejoined" && type !== "unchanged") this.open.delete(link);
    return true;
  }

  #perform(effect: ConnectionEffect): void {
    switch (effect.type) {
      case "open":
        if (effect.token === "fresh") {
          expect(this.made, "a number is given once").not.toContain(effect.link);
          this.made.push(effect.link);
        }
        this.open.add(effect.link);
        return;
      case "close":
        this.open.delete(effect.link);
        return;
      case "use":
        this.used = effect.link;
        return;
      case "drop":
        this.used = undefined;
        return;
      case "tell":
        this.told.push(effect.state);
        return;
      case "start-delay":
        this.timers.add("delay");
        return;
      case "start-timer":
        this.timers.add(effect.timer);
        return;
      case "stop-timer":
        this.timers.delete(effect.timer);
        return;
      case "end":
        this.open.clear();
        this.timers.clear();
        this.used = undefined;
        return;
      default:
    }
  }
}

const anyEvent: fc.Arbitrary<ConnectionEvent> = fc
  .tuple(fc.constantFrom(...Object.values(events)), fc.integer({ min: 1, max: 12 }))
  .map(([toEvent, link]) => toEvent(link));

/** An event that is likely to matter: about a link that is open. */
const step = (world: World, event: ConnectionEvent): void => {
  const links = [...world.open];
  const link = "link" in event ? links[event.link % Math.max(1, links.length)] : undefined;
  world.take(link === undefined ? event : ({ ...event, link } as ConnectionEvent));
};

/** Runs any sequence of events and looks at the world after each one. */
const afterAny = (look: (world: World) => void): void =>
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), fc.boolean(), (sequence, isAimed) => {
      const world = new World();
      world.take({ type: "start" });
      for (const event of sequence) {
        if (event.type === "stop" && world.made.length < 4) continue;
        if (isAimed) step(world, event);
        else world.take(event);
        look(world);
      }
    }),
    { numRuns: 1000 },
  );

describe("whatever happens", () => {
  test("[CN1] at most one link is in use, and two are open only while a token is renewed", () => {
    afterAny(({ phase, open, used }) => {
      const isPair = phase.name === "replacing" || phase.name === "handing-over";
      expect(open.size).toBeLessThanOrEqual(isPair ? 2 : 1);
      expect(used).toBe("link" in phase && toConnectionState(phase) === "connected" ? phase.link : undefined);
      if (used !== undefined) expect(open).toContain(used);
    });
  });

  test("[CN3] nothing gets out of the end, and nothing is left open or running", () => {
    afterAny((world) => {
      if (world.phase.name !== "ended") return;
      expect([world.open.size, world.timers.size, world.used]).toEqual([0, 0, undefined]);
      for (const toEvent of Object.values(events)) expect(outcomeOf(world.phase, toEvent(5))).toBe("stays");
    });
  });

  test("[CN4] the app is told each change of its state, once", () => {
    afterAny(({ phase, told }) => {
      expect(told[0]).toBe("connecting");
      expect(told.at(-1)).toBe(toConnectionState(phase));
      expect(told.every((state, index) => state !== told[index - 1])).toBe(true);
    });
  });

  test("[CN12] a timer runs only where it belongs", () => {
    afterAny(({ phase, timers }) => {
      expect(timers.has("delay")).toBe(phase.name === "waiting");
      expect(timers.has("deadline")).toBe("isFirst" in phase && phase.isFirst);
      if (timers.has("renewal")) expect(["up", "handing-over"]).toContain(phase.name);
    });
  });
});
