import { type SendsarError, unableTo } from "./errors.ts";
import type { Step } from "./machine.ts";
import type { Message, MessagePart } from "./wire.ts";

/**
 * How messages get to the server, as a pure function; `outbox.ts` does what it says. The table and the rules (OB…) are
 * in `SPEC.md`.
 */
export interface OutboxState {
  /** The user whose messages may be sent now. */
  readonly owner: string | undefined;
  /** In the order in which they are sent. */
  readonly entries: readonly Entry[];
}

/** A message in the outbox. */
export interface Entry {
  /** The `clientMessageId`: the same on every try, so that it is stored once. */
  readonly id: string;
  readonly roomId: string;
  readonly parts: readonly MessagePart[];
  readonly parentMessageId?: string;
  readonly createdAtMs: number;
  /** Orders what comes out of a storage: rising from one message to the next, over reloads and changes of the clock. */
  readonly place: number;
  /** Undefined until it is known who the user is. */
  readonly owner: string | undefined;
  /** True if somebody holds a promise for it. */
  readonly isAwaited: boolean;
  /** `queued` waits for its turn, `delayed` for the next try. */
  readonly status: "queued" | "sending" | "delayed" | "failed";
  /** Tries so far. */
  readonly tries: number;
  /** Tries that were answered in a way that makes no sense. */
  readonly strikes: number;
  readonly error?: SendsarError;
}

export type OutboxEvent = { readonly nowMs: number } & (
  | { readonly type: "add"; readonly entry: Entry }
  /** It is known who the user is: `restored` is what the storage has of it. */
  | { readonly type: "open"; readonly owner: string; readonly restored: readonly Entry[] }
  /** Nothing can be sent until the next `open`. */
  | { readonly type: "close" }
  /** The server has the message: it answered a try, or sent it back as an event. */
  | { readonly type: "stored"; readonly message: Message; readonly id: string }
  /** The try number `tries` has no answer, or one that says: later. */
  | { readonly type: "unanswered"; readonly id: string; readonly tries: number; readonly atLeastMs: number }
  /** The try was answered in a way that makes no sense. */
  | { readonly type: "garbled"; readonly id: string; readonly tries: number; readonly error: SendsarError }
  /** The server will never take it. */
  | { readonly type: "refused"; readonly id: string; readonly tries: number; readonly error: SendsarError }
  | { readonly type: "delay-over"; readonly id: string }
  /** There is a reason to believe that a try would work now. */
  | { readonly type: "hurry" }
  | { readonly type: "retry"; readonly id: string }
  | { readonly type: "discard"; readonly id: string }
  /** The app has disconnected. */
  | { readonly type: "end"; readonly error: SendsarError }
);

export type OutboxEffect =
  | { readonly type: "send"; readonly entry: Entry }
  /** Wait as the number of tries says, and at least this long. */
  | { readonly type: "start-delay"; readonly id: string; readonly tries: number; readonly atLeastMs: number }
  | { readonly type: "stop-delay"; readonly id: string }
  | { readonly type: "save"; readonly entry: Entry }
  | { readonly type: "remove"; readonly entry: Entry }
  | { readonly type: "resolve"; readonly id: string; readonly message: Message }
  | { readonly type: "reject"; readonly id: string; readonly error: SendsarError }
  /** Tell the app that the list is another one. */
  | { readonly type: "tell" };

/** A message that is older is not sent any more: nobody expects it. */
export const entryAgeMsMax = 24 * 3_600_000;

/** How many answers that make no sense are taken before a message counts as failed. */
export const strikesMax = 8;

/** How many rooms are sent to at a time. */
export const sendsMax = 16;

/** How many failed messages are kept. */
export const failedMax = 100;

type Next = Step<OutboxState, OutboxEffect>;

/** The transition. Total; afterwards whatever may be sent is being sent. */
export function stepOutbox(state: OutboxState, event: OutboxEvent): Next {
  const [changed, effects] = apply(state, event);
  const [next, more] = advance(changed, event.nowMs);
  return [next, [...effects, ...more]];
}

function apply(state: OutboxState, event: OutboxEvent): Next {
  switch (event.type) {
    case "add":
      return add(state, event.entry);
    case "open":
      return open(state, event.owner, event.restored);
    case "close":
      return close(state);
    case "hurry":
      return requeue(state, (entry) => entry.status === "delayed");
    case "end":
      return end(state, event.error);
    default:
      return applyToOne(state, event);
  }
}

function applyToOne(state: OutboxState, event: Extract<OutboxEvent, { readonly id: string }>): Next {
  const entry = find(state, event.id);
  if (entry === undefined) return [state, []];
  switch (event.type) {
    case "stored":
      return leave(state, entry, [{ type: "resolve", id: entry.id, message: event.message }]);
    case "discard":
      return leave(state, entry, [{ type: "reject", id: entry.id, error: discarded() }]);
    case "delay-over":
      return entry.status === "delayed" ? [put(state, { ...entry, status: "queued" }), []] : [state, []];
    case "retry":
      return retry(state, entry, event.nowMs);
    case "unanswered":
    case "garbled":
    case "refused":
      // What comes of an earlier try is late: another one is under way, or none is wanted any more.
      if (entry.status !== "sending" || entry.tries !== event.tries) return [state, []];
      if (event.type === "refused") return fail(state, entry, event.error);
      return tryLater(state, entry, event);
  }
}

function tryLater(
  state: OutboxState,
  entry: Entry,
  event: Extract<OutboxEvent, { readonly type: "unanswered" | "garbled" }>,
): Next {
  const strikes = entry.strikes + (event.type === "garbled" ? 1 : 0);
  if (event.type === "garbled" && strikes >= strikesMax) return fail(state, entry, event.error);
  const atLeastMs = event.type === "unanswered" ? event.atLeastMs : 0;
  return [
    put(state, { ...entry, status: "delayed", strikes }),
    [{ type: "start-delay", id: entry.id, tries: entry.tries, atLeastMs }],
  ];
}

/** A message that is sent again under the same id is the same message; one that failed gets another chance. */
function add(state: OutboxState, entry: Entry): Next {
  const known = find(state, entry.id);
  if (known !== undefined && known.status !== "failed") return [put(state, { ...known, isAwaited: true }), []];
  const others = state.entries.filter(({ id }) => id !== entry.id);
  const added = { ...entry, owner: state.owner, place: placeAfter(others) };
  return [{ ...state, entries: [...others, added] }, [{ type: "save", entry: added }, { type: "tell" }]];
}

function retry(state: OutboxState, entry: Entry, nowMs: number): Next {
  if (entry.status !== "failed") return [put(state, { ...entry, isAwaited: true }), []];
  const { error: _error, ...kept } = entry;
  return add(state, { ...kept, status: "queued", createdAtMs: nowMs, isAwaited: true, strikes: 0 });
}

/** Messages of another user are given up; those that came before it was known who the user is are this one's. */
function open(state: OutboxState, owner: string, restored: readonly Entry[]): Next {
  const foreign = state.entries.filter((entry) => entry.owner !== undefined && entry.owner !== owner);
  const [kept, effects] = release(state, foreign, otherUser());
  const hasUnsaved = kept.entries.some((entry) => entry.owner === undefined);
  const older = restored.filter(({ id }) => find(kept, id) === undefined);
  const first = placeAfter(older);
  const own = kept.entries.map((entry, index) => ({ ...entry, owner, place: first + index }));
  return [
    { owner, entries: [...older, ...own] },
    [
      ...effects,
      ...own.map((entry) => ({ type: "save", entry }) as const),
      ...(older.length > 0 || hasUnsaved ? [{ type: "tell" } as const] : []),
    ],
  ];
}

function close(state: OutboxState): Next {
  const [next, effects] = requeue(state, ({ status }) => status === "sending" || status === "delayed");
  return [{ ...next, owner: undefined }, effects];
}

function requeue(state: OutboxState, isMeant: (entry: Entry) => boolean): Next {
  const meant = state.entries.filter(isMeant);
  return [
    { ...state, entries: state.entries.map((entry) => (isMeant(entry) ? { ...entry, status: "queued" } : entry)) },
    meant.flatMap(({ id, status }) => (status === "delayed" ? [{ type: "stop-delay", id }] : [])),
  ];
}

const end = (state: OutboxState, error: SendsarError): Next => {
  const [, effects] = release(state, state.entries, error);
  return [{ owner: undefined, entries: [] }, effects];
};

/**
 * Takes entries out. Whoever waits for one is told, and what somebody was told has failed is never sent by itself: so it
 * goes from the storage too. What nobody waits for stays there for the next time.
 */
function release(state: OutboxState, gone: readonly Entry[], error: SendsarError): Next {
  if (gone.length === 0) return [state, []];
  const effects = gone.flatMap((entry): OutboxEffect[] => {
    const stop: OutboxEffect[] = entry.status === "delayed" ? [{ type: "stop-delay", id: entry.id }] : [];
    if (entry.status === "failed" || !entry.isAwaited) return stop;
    return [...stop, { type: "remove", entry }, { type: "reject", id: entry.id, error }];
  });
  const entries = state.entries.filter((entry) => !gone.includes(entry));
  return [{ ...state, entries }, [...effects, { type: "tell" }]];
}

/** The entry is over: it goes from the list and the storage. */
function leave(state: OutboxState, entry: Entry, effects: readonly OutboxEffect[]): Next {
  const stop: OutboxEffect[] = entry.status === "delayed" ? [{ type: "stop-delay", id: entry.id }] : [];
  const entries = state.entries.filter(({ id }) => id !== entry.id);
  return [{ ...state, entries }, [...stop, { type: "remove", entry }, { type: "tell" }, ...effects]];
}

/** The entry stays as failed until somebody decides. The oldest failed ones make room. */
function fail(state: OutboxState, entry: Entry, error: SendsarError): Next {
  const failed: Entry = { ...entry, status: "failed", error };
  const next = put(state, failed);
  const surplus = next.entries.filter(({ status }) => status === "failed").slice(0, -failedMax);
  return [
    { ...next, entries: next.entries.filter((one) => !surplus.includes(one)) },
    [
      ...surplus.map((one) => ({ type: "remove", entry: one }) as const),
      { type: "save", entry: failed },
      { type: "tell" },
      { type: "reject", id: entry.id, error },
    ],
  ];
}

/** Begins to send the first message of every room whose turn it is; what has become too old fails instead. */
function advance(state: OutboxState, nowMs: number): Next {
  if (state.owner === undefined) return [state, []];
  const effects: OutboxEffect[] = [];
  let next = state;
  let sending = state.entries.filter(({ status }) => status === "sending").length;
  const busyRooms = new Set<string>();
  for (const entry of state.entries) {
    if (entry.status === "failed" || busyRooms.has(entry.roomId)) continue;
    if (entry.status === "queued" && nowMs - entry.createdAtMs > entryAgeMsMax) {
      const [without, failing] = fail(next, entry, tooOld());
      next = without;
      effects.push(...failing);
      continue;
    }
    busyRooms.add(entry.roomId);
    if (entry.status !== "queued" || sending >= sendsMax) continue;
    const sent: Entry = { ...entry, status: "sending", tries: entry.tries + 1 };
    sending += 1;
    next = put(next, sent);
    effects.push({ type: "send", entry: sent });
  }
  return [next, effects];
}

const placeAfter = (entries: readonly Entry[]): number =>
  entries.reduce((latest, { place }) => Math.max(latest, place), 0) + 1;

const find = ({ entries }: OutboxState, id: string): Entry | undefined => entries.find((entry) => entry.id === id);

const put = (state: OutboxState, entry: Entry): OutboxState => ({
  ...state,
  entries: state.entries.map((one) => (one.id === entry.id ? entry : one)),
});

const tooOld = (): SendsarError => unableTo("send message", "it is older than a day", { code: "expired" });
const discarded = (): SendsarError => unableTo("send message", "it was discarded", { code: "aborted" });
const otherUser = (): SendsarError => unableTo("send message", "another user has connected", { code: "aborted" });
