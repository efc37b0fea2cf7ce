import { describe, expect, test } from "vitest";
import {
  type ConnectionEvent,
  type Phase,
  replaceRetryMs,
  stableMs,
  stepConnection,
} from "../src/connection-machine.ts";
import { error, events, linkOf, outcomeOf, phases } from "./connection-cells.ts";
import { readSpecTable, toCell } from "./spec-page.ts";

const cut = "stop-timer drop tell start-delay";
const over = "ended: end tell";
const opening = {
  opened: "up: use tell resolve greet start-timer",
  "token-refused": "opening: open",
  failed: "waiting: start-delay",
  "session-failed": "waiting: start-delay",
  refused: over,
  stop: over,
};
const first = {
  "session-failed": over,
  "deadline-over": over,
  opened: "up: stop-timer use tell resolve greet start-timer",
};
const waiting = { "delay-over": "opening: open", "retry-now": "opening: stop-timer open", stop: over };
const replacing = {
  opened: "handing-over: use greet start-timer",
  unchanged: "up: close start-timer",
  "token-refused": "replacing: open",
  failed: "up: close start-timer",
  "session-failed": "up: close start-timer",
  refused: over,
  closed: "opening: stop-timer drop tell",
  stop: over,
};

/** What follows: the next phase and the effects. Every cell that is not named here stays as it is. */
const truth: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  idle: { start: "opening: tell start-timer open", stop: over },
  "opening, first": { ...opening, ...first },
  "opening, first, renewed": { ...opening, ...first, "token-refused": over },
  opening,
  "opening, renewed": { ...opening, "token-refused": over },
  "waiting, first": { ...waiting, "deadline-over": over },
  waiting,
  up: { closed: `waiting: ${cut}`, "renewal-due": "replacing: open", stop: over },
  replacing,
  "replacing, renewed": { ...replacing, "token-refused": over },
  "handing-over": {
    closed: `waiting: close ${cut}`,
    "closed, old": "up:",
    rejoined: "up: close",
    "renewal-due": "replacing: close open",
    stop: over,
  },
  ended: {},
};

const cells = Object.entries(phases).flatMap(([form, phase]) =>
  Object.entries(events).map(([name, toEvent]) => ({ form, phase, name, event: toEvent(linkOf(phase, name)) })),
);

describe("the table", () => {
  test("every cell does what the truth table says", () => {
    const outcomes = cells.map(({ form, phase, name, event }) => `${form} / ${name} = ${outcomeOf(phase, event)}`);
    expect(outcomes).toEqual(cells.map(({ form, name }) => `${form} / ${name} = ${truth[form]?.[name] ?? "stays"}`));
    expect(outcomes).toHaveLength(12 * 15);
  });

  test("every cell of SPEC.md names exactly the phases that follow", async () => {
    const table = await readSpecTable("Connection");
    const plain = (name: string): string => name.split(",", 1)[0] ?? "";
    expect(table.states).toEqual([...new Set(Object.keys(phases).map(plain))]);
    expect(table.events).toEqual([...new Set(Object.keys(events).map(plain))]);
    for (const state of table.states) {
      for (const event of table.events) {
        const outcomes = cells
          .filter(({ form, name, phase }) => plain(form) === state && plain(name) === event && isMeant(phase, name))
          .map((cell) => outcomeOf(cell.phase, cell.event).split(":", 1)[0] ?? "");
        expect(`${event} in ${state}: ${toCell(outcomes)}`).toBe(`${event} in ${state}: ${table.cell(event, state)}`);
      }
    }
  });
});

/** An old link closes only while there is one. */
const isMeant = (phase: Phase, event: string): boolean => event !== "closed, old" || phase.name === "handing-over";

describe("rules", () => {
  test("[CN2] news of a link that the phase does not hold changes nothing", () => {
    for (const { phase, event } of cells) {
      if ("link" in event) expect(outcomeOf(phase, { ...event, link: 99 })).toBe("stays");
    }
  });

  test("[CN5] the delay starts from the shortest again only after a link that lived long", () => {
    const [up] = [phases["up"] as Phase];
    const delayAfter = (livedMs: number) =>
      stepConnection(up, { type: "closed", link: 5, reason: "cut", livedMs })[1].find(
        ({ type }) => type === "start-delay",
      );
    expect(delayAfter(stableMs - 1)).toEqual({ type: "start-delay", tries: 2 });
    expect(delayAfter(stableMs)).toEqual({ type: "start-delay", tries: 0 });
  });

  test("[CN6] a refused token is renewed once per try", () => {
    const [renewed, effects] = stepConnection(phases["opening"] as Phase, { type: "token-refused", link: 5, error });
    expect(effects).toEqual([{ type: "open", link: 5, token: "renewed" }]);
    expect(stepConnection(renewed, { type: "token-refused", link: 5, error })[0]).toEqual({ name: "ended" });
    const [waits] = stepConnection(renewed, { type: "failed", link: 5, error });
    const [again] = stepConnection(waits, { type: "delay-over" });
    expect(again).toMatchObject({ name: "opening", isRenewed: false, link: 6 });
  });

  test("[CN7] the deadline names the last failure", () => {
    const [, [effect]] = stepConnection(phases["waiting, first"] as Phase, { type: "deadline-over" });
    expect(effect).toMatchObject({ error: { message: "unable to connect; not connected within 30 s (gone)" } });
  });

  test("[CN8] a renewal that fails in passing is tried again, and one without another token when that says so", () => {
    const timerAfter = (event: ConnectionEvent) => stepConnection(phases["replacing"] as Phase, event)[1].at(-1);
    expect(timerAfter({ type: "failed", link: 6, error })).toMatchObject({ timer: "renewal", ms: replaceRetryMs });
    expect(timerAfter({ type: "unchanged", link: 6, renewInMs: 7000 })).toMatchObject({ timer: "renewal", ms: 7000 });
    const [, effects] = stepConnection(phases["replacing"] as Phase, { type: "opened", link: 6, renewInMs: Infinity });
    expect(effects.map(({ type }) => type)).not.toContain("start-timer");
  });

  test("[CN10] a link that is being opened when the one in use closes goes on without a delay", () => {
    const [next, effects] = stepConnection(phases["replacing"] as Phase, {
      type: "closed",
      link: 5,
      reason: "cut",
      livedMs: 0,
    });
    expect(next).toMatchObject({ name: "opening", link: 6, isFirst: false });
    expect(effects).toContainEqual({ type: "tell", state: "reconnecting", reason: "cut" });
  });
});
