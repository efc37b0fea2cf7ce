import type { Step } from "./machine.ts";
import type { Sequenced } from "./sequenced.ts";

/**
 * How the events of rooms get to the app over drops, as a pure function; `inbox.ts` does what it says. The table and the
 * rules (RS…) are in `SPEC.md`.
 */
export type CatchUp =
  /** No socket is in use. */
  | { readonly name: "off" }
  /** Everything is handed over as it comes. */
  | { readonly name: "live" }
  /** The server was asked what was missed; the events of the rooms that are asked about wait for the answer. */
  | Asking
  /** The server was asked in vain on this socket, and is not asked again: a late answer could not be told from a new one. */
  | { readonly name: "unanswered" };

interface Asking {
  readonly name: "asking";
  readonly asked: ReadonlySet<string>;
  /** Rooms to be asked about when this answer is complete. */
  readonly wanted: ReadonlySet<string>;
  /** The answer, as far as it has come. */
  readonly parts: readonly (readonly MissedInRoom[])[];
  /** What came live meanwhile. */
  readonly held: readonly Sequenced[];
}

/** What the answer says of one room. */
export interface MissedInRoom {
  readonly roomId: string;
  readonly isReset: boolean;
  readonly events: readonly Sequenced[];
}

export type CatchUpEvent =
  /** A socket is in use: these rooms have a position, and of those nothing can be told. */
  | { readonly type: "up"; readonly rooms: readonly string[]; readonly lost: readonly string[] }
  | { readonly type: "down" }
  /** An event came live. `isAfterHole` if something before it is missing. */
  | { readonly type: "event"; readonly event: Sequenced; readonly isAfterHole: boolean }
  /** A room's position is older than the socket. */
  | { readonly type: "want"; readonly roomId: string }
  /** A part of the answer. */
  | { readonly type: "part"; readonly rooms: readonly MissedInRoom[] }
  /** The last part of the answer. */
  | { readonly type: "answer"; readonly rooms: readonly MissedInRoom[] }
  /** The server cannot answer now. */
  | { readonly type: "put-off" }
  /** The server will not answer. */
  | { readonly type: "refused" }
  | { readonly type: "time-over" };

export type CatchUpEffect =
  /** Ask the server what was missed in these rooms, after their positions of this moment. */
  | { readonly type: "ask"; readonly rooms: readonly string[] }
  /** Hand these to the app, each that it does not have, in this order. */
  | { readonly type: "deliver"; readonly events: readonly Sequenced[] }
  /** Tell the app that these rooms have to be read anew, and forget their positions. */
  | { readonly type: "reset"; readonly rooms: readonly string[] }
  /** Give the socket up: the next one asks again. */
  | { readonly type: "cut" }
  | { readonly type: "start-timer"; readonly ms: number }
  | { readonly type: "stop-timer" };

type Next = Step<CatchUp, CatchUpEffect>;

/** How long each part of an answer may take. */
export const answerMsMax = 10_000;

/** How many live events may wait for an answer. */
export const heldMax = 10_000;

/** The transition. Total: every state has an answer to every event. */
export function stepCatchUp(state: CatchUp, event: CatchUpEvent): Next {
  switch (event.type) {
    case "up":
      return goUp(state, event.rooms, event.lost);
    case "down":
      return [{ name: "off" }, state.name === "asking" ? [{ type: "stop-timer" }] : []];
    default:
      return meanwhile(state, event);
  }
}

type Other = Exclude<CatchUpEvent, { readonly type: "up" | "down" }>;

function meanwhile(state: CatchUp, event: Other): Next {
  switch (state.name) {
    case "off":
      return [state, []];
    case "live":
      return whileLive(state, event);
    case "asking":
      return whileAsking(state, event);
    case "unanswered":
      return whileUnanswered(state, event);
  }
}

/** What came live stays: it came on a socket that is still open. The answer begins anew. */
function goUp(state: CatchUp, rooms: readonly string[], lost: readonly string[]): Next {
  const asked = new Set(rooms);
  const held = state.name === "asking" ? state.held : [];
  const effects = [...reset(lost), ...deliver(held.filter(({ roomId }) => !asked.has(roomId)))];
  if (rooms.length === 0) {
    return [{ name: "live" }, state.name === "asking" ? [...effects, { type: "stop-timer" }] : effects];
  }
  const still = held.filter(({ roomId }) => asked.has(roomId));
  return [asking(asked, still), [...effects, ...ask(rooms)]];
}

const reset = (rooms: readonly string[]): readonly CatchUpEffect[] =>
  rooms.length === 0 ? [] : [{ type: "reset", rooms }];

const ask = (rooms: readonly string[]): readonly CatchUpEffect[] => [
  { type: "ask", rooms },
  { type: "start-timer", ms: answerMsMax },
];

const asking = (asked: ReadonlySet<string>, held: readonly Sequenced[]): Asking => ({
  name: "asking",
  asked,
  wanted: new Set(),
  parts: [],
  held,
});

function whileLive(state: CatchUp, event: Other): Next {
  if (event.type === "want") return [asking(new Set([event.roomId]), []), ask([event.roomId])];
  if (event.type !== "event") return [state, []];
  if (!event.isAfterHole) return [state, deliver([event.event])];
  const { roomId } = event.event;
  return [asking(new Set([roomId]), [event.event]), ask([roomId])];
}

function whileUnanswered(state: CatchUp, event: Other): Next {
  if (event.type === "want") return [state, reset([event.roomId])];
  if (event.type !== "event") return [state, []];
  const { event: live, isAfterHole } = event;
  return [state, [...(isAfterHole ? reset([live.roomId]) : []), ...deliver([live])]];
}

function whileAsking(state: Asking, event: Other): Next {
  switch (event.type) {
    case "event":
      return hold(state, event.event, event.isAfterHole);
    case "want":
      return [state.asked.has(event.roomId) ? state : want(state, event.roomId), []];
    case "part":
      return [take(state, event.rooms), [{ type: "start-timer", ms: answerMsMax }]];
    case "answer":
      return finish(take(state, event.rooms), []);
    case "put-off":
      return [state, [{ type: "cut" }]];
    case "refused":
    case "time-over":
      return giveUp(state);
  }
}

const want = (state: Asking, roomId: string): Asking => ({ ...state, wanted: new Set([...state.wanted, roomId]) });

function hold(state: Asking, event: Sequenced, isAfterHole: boolean): Next {
  const isHeld = state.asked.has(event.roomId) || state.wanted.has(event.roomId);
  if (!isHeld && !isAfterHole) return [state, deliver([event])];
  const next = { ...(isHeld ? state : want(state, event.roomId)), held: [...state.held, event] };
  return next.held.length > heldMax ? giveUp(next) : [next, []];
}

const take = (state: Asking, rooms: readonly MissedInRoom[]): Asking => ({ ...state, parts: [...state.parts, rooms] });

/** What the answer says. What it says of a room that was not asked about is dropped. */
const answerOf = ({ asked, parts }: Asking): readonly MissedInRoom[] =>
  parts.flat().filter(({ roomId }) => asked.has(roomId));

/** Hands everything over, tells what is lost, and asks about the rooms that came up meanwhile. */
function finish(state: Asking, unanswered: readonly string[]): Next {
  const { wanted, held } = state;
  const answer = answerOf(state);
  const lost = answer.flatMap(({ roomId, isReset }) => (isReset ? [roomId] : []));
  const missed = answer.flatMap(({ events }) => events);
  const effects: CatchUpEffect[] = [
    { type: "stop-timer" },
    ...reset([...lost, ...unanswered]),
    ...deliver([...missed, ...held.filter(({ roomId }) => !wanted.has(roomId))]),
  ];
  if (wanted.size === 0) return [{ name: "live" }, effects];
  const still = held.filter(({ roomId }) => wanted.has(roomId));
  return [asking(wanted, still), [...effects, ...ask([...wanted])]];
}

/** There is no answer: rooms that it would have named later have to be read anew. What came is handed over. */
function giveUp(state: Asking): Next {
  const answered = new Set(answerOf(state).map(({ roomId }) => roomId));
  const unanswered = [...state.asked, ...state.wanted].filter((roomId) => !answered.has(roomId));
  const [, effects] = finish({ ...state, wanted: new Set() }, unanswered);
  return [{ name: "unanswered" }, effects];
}

/** Room by room, each in its order. */
const deliver = (events: readonly Sequenced[]): readonly CatchUpEffect[] =>
  events.length === 0 ? [] : [{ type: "deliver", events: [...events].sort(byPlace) }];

const byPlace = (a: Sequenced, b: Sequenced): number =>
  a.roomId === b.roomId ? a.seq - b.seq : a.roomId < b.roomId ? -1 : 1;
