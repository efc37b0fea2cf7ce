import { describe, expect, test } from "vitest";
import {
  type CatchUp,
  type CatchUpEffect,
  type CatchUpEvent,
  answerMsMax,
  stepCatchUp,
  heldMax,
} from "../src/catch-up-machine.ts";
import type { Sequenced } from "../src/sequenced.ts";
import { readSpecTable, toCell } from "./spec-page.ts";

const event = (roomId: string, seq: number): Sequenced => ({ name: "new-message", roomId, seq, payload: {} });
const live = (roomId: string, seq: number, isAfterHole = false): CatchUpEvent => ({
  type: "event",
  event: event(roomId, seq),
  isAfterHole,
});
const missed = (roomId: string, ...seqs: number[]) => ({
  roomId,
  isReset: false,
  events: seqs.map((seq) => event(roomId, seq)),
});
const reset = (roomId: string) => ({ roomId, isReset: true, events: [] });

/** Takes events one after the other; answers the last state and the effects of the last event. */
function after(state: CatchUp, ...events: readonly CatchUpEvent[]): readonly [CatchUp, readonly CatchUpEffect[]] {
  return events.reduce<readonly [CatchUp, readonly CatchUpEffect[]]>(
    ([current], next) => stepCatchUp(current, next),
    [state, []],
  );
}

const off: CatchUp = { name: "off" };
const up = (...rooms: string[]): CatchUpEvent => ({ type: "up", rooms, lost: [] });
const [asking] = after(off, up("a", "b"));
const [askingMore] = after(asking, live("c", 9, true));
const [full] = after(asking, ...Array.from({ length: heldMax }, (_, index) => live("a", index + 1)));
const [unanswered] = after(asking, { type: "refused" });

/** Every state, in every form that the rules tell apart. */
const states: readonly CatchUp[] = [off, { name: "live" }, asking, askingMore, full, unanswered];

const events: readonly (readonly [row: string, event: CatchUpEvent])[] = [
  ["up", up("a")],
  ["up with no rooms", up()],
  ["down", { type: "down" }],
  ["event", live("a", 5)],
  ["event after hole", live("a", 5, true)],
  ["want", { type: "want", roomId: "a" }],
  ["want", { type: "want", roomId: "d" }],
  ["part", { type: "part", rooms: [missed("a", 4)] }],
  ["answer", { type: "answer", rooms: [missed("a", 4)] }],
  ["put-off", { type: "put-off" }],
  ["refused", { type: "refused" }],
  ["time-over", { type: "time-over" }],
];

test("every cell of SPEC.md names exactly the states that follow", async () => {
  const table = await readSpecTable("Catching up");
  expect(table.states).toEqual([...new Set(states.map(({ name }) => name))]);
  expect(table.events).toEqual([...new Set(events.map(([row]) => row))]);
  for (const state of table.states) {
    for (const row of table.events) {
      const outcomes = states
        .filter(({ name }) => name === state)
        .flatMap((from) =>
          events
            .filter(([name]) => name === row)
            .map(([, one]) => {
              const [next, effects] = stepCatchUp(from, one);
              const stays =
                effects.length === 0 && JSON.stringify(next) === JSON.stringify(from) && !isHeld(from, next);
              return stays ? "stays" : next.name;
            }),
        );
      expect(`${row} in ${state}: ${toCell(outcomes)}`).toBe(`${row} in ${state}: ${table.cell(row, state)}`);
    }
  }
});

/** Sets have no text of their own: whether one grew is told by its size. */
const isHeld = (from: CatchUp, next: CatchUp): boolean =>
  from.name === "asking" && next.name === "asking" && from.wanted.size !== next.wanted.size;

describe("the answer", () => {
  test("[RS2] waits for its last part, then missed and live events go out room by room, in order", () => {
    const [state, effects] = after(asking, live("b", 9), live("a", 7), live("b", 8), {
      type: "part",
      rooms: [missed("b", 6, 7)],
    });
    expect(effects).toEqual([{ type: "start-timer", ms: answerMsMax }]);
    const [next, handed] = stepCatchUp(state, { type: "answer", rooms: [missed("a", 5, 6, 7)] });
    expect(next).toEqual({ name: "live" });
    expect(handed).toEqual([
      { type: "stop-timer" },
      {
        type: "deliver",
        events: [event("a", 7), event("a", 5), event("a", 6), event("a", 7), event("b", 9), event("b", 8)]
          .concat([event("b", 6), event("b", 7)])
          .sort((x, y) => x.roomId.localeCompare(y.roomId) || x.seq - y.seq),
      },
    ]);
  });

  test("[RS3] does not hold up rooms that it is not about", () => {
    const [state, effects] = after(asking, live("c", 1));
    expect(state).toBe(asking);
    expect(effects).toEqual([{ type: "deliver", events: [event("c", 1)] }]);
  });

  test("[RS5] a reset is told before anything that comes after it", () => {
    const [, effects] = after(asking, live("a", 900), { type: "answer", rooms: [reset("a")] });
    expect(effects.slice(1)).toEqual([
      { type: "reset", rooms: ["a"] },
      { type: "deliver", events: [event("a", 900)] },
    ]);
  });

  test("[RS8] a hole that shows while one answer is awaited is asked about after it", () => {
    const [state, effects] = after(askingMore, live("c", 10), { type: "answer", rooms: [missed("a", 5)] });
    expect(effects).toEqual([
      { type: "stop-timer" },
      { type: "deliver", events: [event("a", 5)] },
      { type: "ask", rooms: ["c"] },
      { type: "start-timer", ms: answerMsMax },
    ]);
    const [, last] = stepCatchUp(state, { type: "answer", rooms: [missed("c", 7, 8)] });
    expect(last).toContainEqual({ type: "deliver", events: [7, 8, 9, 10].map((seq) => event("c", seq)) });
  });

  test("what it says of rooms that were not asked about is dropped", () => {
    const [, effects] = after(asking, { type: "answer", rooms: [missed("z", 1), reset("y")] });
    expect(effects).toEqual([{ type: "stop-timer" }]);
  });
});

describe("without an answer", () => {
  const stop = { type: "stop-timer" };

  test.for([{ type: "refused" }, { type: "time-over" }] as const)(
    "[RS9] %o resets the rooms that were not answered, and hands over what came",
    (failure) => {
      const [state, effects] = after(asking, live("a", 9), { type: "part", rooms: [missed("b", 6)] }, failure);
      expect(state).toEqual({ name: "unanswered" });
      const came = { type: "deliver", events: [event("a", 9), event("b", 6)] };
      expect(effects).toEqual([stop, { type: "reset", rooms: ["a"] }, came]);
    },
  );

  test("[RS9] too many events that wait are no better than no answer", () => {
    const [state, effects] = after(full, live("a", heldMax + 1));
    expect(state).toEqual({ name: "unanswered" });
    expect(effects[1]).toEqual({ type: "reset", rooms: ["a", "b"] });
    expect(effects[2]).toMatchObject({ events: { length: heldMax + 1 } });
  });

  test("[RS9] the server is not asked again on this socket: a hole is told, and a late answer is not heard", () => {
    expect(after(unanswered, live("c", 9, true))).toEqual([
      unanswered,
      [
        { type: "reset", rooms: ["c"] },
        { type: "deliver", events: [event("c", 9)] },
      ],
    ]);
    expect(after(unanswered, { type: "want", roomId: "c" })[1]).toEqual([{ type: "reset", rooms: ["c"] }]);
    expect(after(unanswered, { type: "answer", rooms: [missed("a", 5)] })).toEqual([unanswered, []]);
    expect(after(unanswered, up("a"))[1]).toContainEqual({ type: "ask", rooms: ["a"] });
  });

  test("[RS10] a server that cannot answer now loses the socket", () => {
    expect(after(asking, { type: "put-off" })).toEqual([asking, [{ type: "cut" }]]);
  });

  test("[RS11] a drop forgets what waits", () => {
    const [state, effects] = after(asking, live("a", 9), { type: "down" });
    expect([state, effects]).toEqual([off, [stop]]);
  });

  test("a new socket in the middle keeps what came live, and begins the answer anew", () => {
    const [state, effects] = after(
      asking,
      live("a", 9),
      live("b", 9),
      { type: "part", rooms: [missed("a", 8)] },
      up("a"),
    );
    expect(effects).toEqual([
      { type: "deliver", events: [event("b", 9)] },
      { type: "ask", rooms: ["a"] },
      { type: "start-timer", ms: answerMsMax },
    ]);
    const [, last] = stepCatchUp(state, { type: "answer", rooms: [missed("a", 7, 8)] });
    expect(last).toContainEqual({ type: "deliver", events: [7, 8, 9].map((seq) => event("a", seq)) });
    const [, none] = after(asking, live("a", 9), up());
    expect(none).toEqual([{ type: "deliver", events: [event("a", 9)] }, stop]);
  });
});
