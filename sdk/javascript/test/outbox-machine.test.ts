import { expect, test } from "vitest";
import { SendsarError } from "../src/errors.ts";
import {
  type Entry,
  type OutboxEvent,
  type OutboxState,
  entryAgeMsMax,
  failedMax,
  sendsMax,
  stepOutbox,
  strikesMax,
} from "../src/outbox-machine.ts";
import { toMessage } from "./test-message.ts";
import { readSpecTable, toCell } from "./spec-page.ts";

const error = new SendsarError("no", { code: "room_frozen", status: 403 });
const nowMs = 1_800_000_000_000;

const createEntry = (id: string, more: Partial<Entry> = {}): Entry => ({
  id,
  roomId: "r1",
  parts: [{ type: "text", text: id }],
  createdAtMs: nowMs,
  place: 1,
  owner: "ann",
  isAwaited: true,
  status: "queued",
  tries: 1,
  strikes: 0,
  ...more,
});

const of = (...entries: Entry[]): OutboxState => ({ owner: undefined, entries });
const open: OutboxEvent = { type: "open", owner: "ann", restored: [], nowMs };
const statusOf = ({ entries }: OutboxState, id = "m"): string =>
  entries.find((entry) => entry.id === id)?.status ?? "none";

const old = { createdAtMs: nowMs - entryAgeMsMax - 1 };
const lastStrike = { strikes: strikesMax - 1 };
const forms: Readonly<Record<string, readonly (Entry | undefined)[]>> = {
  none: [undefined],
  queued: [createEntry("m"), createEntry("m", old)],
  sending: [createEntry("m", { status: "sending" }), createEntry("m", { status: "sending", ...lastStrike })],
  delayed: [createEntry("m", { status: "delayed" })],
  failed: [createEntry("m", { status: "failed", error })],
};

const rows: Readonly<Record<string, OutboxEvent>> = {
  add: { type: "add", entry: createEntry("m"), nowMs },
  turn: { type: "hurry", nowMs },
  stored: { type: "stored", id: "m", message: toMessage(1, "r1", "ann"), nowMs },
  unanswered: { type: "unanswered", id: "m", tries: 1, atLeastMs: 0, nowMs },
  garbled: { type: "garbled", id: "m", tries: 1, error, nowMs },
  refused: { type: "refused", id: "m", tries: 1, error, nowMs },
  "delay-over": { type: "delay-over", id: "m", nowMs },
  hurry: { type: "hurry", nowMs },
  close: { type: "close", nowMs },
  retry: { type: "retry", id: "m", nowMs },
  open,
  discard: { type: "discard", id: "m", nowMs },
  end: { type: "end", error, nowMs },
};

test("every cell of SPEC.md names exactly the states that follow", async () => {
  const table = await readSpecTable("Outbox");
  expect(table.states).toEqual(Object.keys(forms));
  expect(table.events).toEqual(Object.keys(rows));
  for (const status of table.states) {
    for (const row of table.events) {
      const outcomes = (forms[status] ?? []).map((entry) => {
        // The turn itself: nothing else happens, and the message is not held up.
        const isTurn = row === "turn" && status !== "delayed";
        const before: OutboxState = { owner: isTurn ? "ann" : undefined, entries: entry === undefined ? [] : [entry] };
        const next = row === "turn" && !isTurn ? before : stepOutbox(before, rows[row] as OutboxEvent)[0];
        return statusOf(next) === status ? "stays" : statusOf(next);
      });
      expect(`${row} when ${status}: ${toCell(outcomes)}`).toBe(`${row} when ${status}: ${table.cell(row, status)}`);
    }
  }
});

test("[OB1] only the first message of a room is tried, and one that failed does not stand in the way", () => {
  const failed = createEntry("m", { status: "failed", error });
  const [state, effects] = stepOutbox(of(failed, createEntry("n"), createEntry("o")), open);
  expect(state.entries.map(({ status }) => status)).toEqual(["failed", "sending", "queued"]);
  expect(effects.at(-1)).toMatchObject({ type: "send", entry: { id: "n", tries: 2 } });
  const [next] = stepOutbox(state, { type: "unanswered", id: "n", tries: 2, atLeastMs: 0, nowMs });
  expect(next.entries.map(({ status }) => status)).toEqual(["failed", "delayed", "queued"]);
});

test("[OB5] answers that make no sense are taken a few times", () => {
  let [state] = stepOutbox(of(createEntry("m", { tries: 0 })), open);
  for (let tries = 1; tries < strikesMax; tries += 1) {
    [state] = stepOutbox(state, { type: "garbled", id: "m", tries, error, nowMs });
    expect(statusOf(state)).toBe("delayed");
    [state] = stepOutbox(state, { type: "delay-over", id: "m", nowMs });
  }
  const [failed, effects] = stepOutbox(state, { type: "garbled", id: "m", tries: strikesMax, error, nowMs });
  expect(statusOf(failed)).toBe("failed");
  expect(effects).toContainEqual({ type: "reject", id: "m", error });
});

test("[OB7] what has become too old fails, and the next one goes", () => {
  const [state, effects] = stepOutbox(of(createEntry("m", old), createEntry("n")), open);
  expect(state.entries.map(({ status }) => status)).toEqual(["failed", "sending"]);
  expect(effects).toContainEqual({ type: "reject", id: "m", error: expect.objectContaining({ code: "expired" }) });
  const exactly = createEntry("m", { createdAtMs: nowMs - entryAgeMsMax });
  expect(statusOf(stepOutbox(of(exactly), open)[0])).toBe("sending");
});

test("[OB9] nothing is sent before an owner is known, another one's messages are given up, and new ones become the owner's", () => {
  const unowned = createEntry("new", { owner: undefined });
  const [waiting, none] = stepOutbox(of(createEntry("m")), { type: "add", entry: unowned, nowMs });
  expect(none.map(({ type }) => type)).toEqual(["save", "tell"]);
  const [state, effects] = stepOutbox(waiting, { ...open, owner: "bob" });
  expect(state).toMatchObject({ owner: "bob", entries: [{ id: "new", owner: "bob", status: "sending" }] });
  expect(effects.map((effect) => [effect.type, "entry" in effect ? effect.entry.owner : ""])).toEqual([
    ["remove", "ann"],
    ["reject", ""],
    ["tell", ""],
    ["save", "bob"],
    ["tell", ""],
    ["send", "bob"],
  ]);
});

test("[OB11] failed messages are kept up to a number, and rooms are sent to so many at a time", () => {
  const failed = Array.from({ length: failedMax }, (_, n) => createEntry(`f${n}`, { status: "failed", error }));
  const [state, effects] = stepOutbox(
    of(...failed, createEntry("m", { status: "sending" })),
    rows["refused"] as OutboxEvent,
  );
  expect(state.entries).toHaveLength(failedMax);
  expect(effects[0]).toMatchObject({ type: "remove", entry: { id: "f0" } });
  const many = Array.from({ length: sendsMax + 3 }, (_, n) => createEntry(`m${n}`, { roomId: `r${n}` }));
  const [busy] = stepOutbox(of(...many), open);
  expect(busy.entries.filter(({ status }) => status === "sending")).toHaveLength(sendsMax);
  const [next] = stepOutbox(busy, { type: "stored", id: "m0", message: toMessage(1, "r0", "ann"), nowMs });
  expect(next.entries.filter(({ status }) => status === "sending")).toHaveLength(sendsMax);
});

test("[OB8] a retry is a new chance, at the end of the line", () => {
  const failed = createEntry("m", { status: "failed", error, isAwaited: false, strikes: strikesMax, createdAtMs: 0 });
  const [state, effects] = stepOutbox(of(failed, createEntry("n")), { type: "retry", id: "m", nowMs });
  const again = { id: "m", status: "queued", isAwaited: true, strikes: 0, createdAtMs: nowMs, place: 2 };
  expect(state.entries).toMatchObject([{ id: "n" }, again]);
  expect(state.entries[1]).not.toHaveProperty("error");
  expect(effects).toMatchObject([{ type: "save", entry: again }, { type: "tell" }]);
});

test("[OB14] what comes of an earlier try changes nothing, unless the message is stored", () => {
  const state = of(createEntry("m", { status: "sending", tries: 2 }));
  for (const row of ["unanswered", "garbled", "refused"]) {
    expect(stepOutbox(state, rows[row] as OutboxEvent)).toEqual([state, []]);
  }
  expect(stepOutbox(state, rows["stored"] as OutboxEvent)[0].entries).toEqual([]);
});
