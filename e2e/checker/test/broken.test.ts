import { describe, expect, test } from "vitest";
import { checkHistory } from "../check-history.ts";
import type { Entry, History, RoomTruth, RowFact } from "../history.ts";
import { renderVerdict } from "../render.ts";
import { playGoodHistory } from "./good-history.ts";
import type { Step } from "./good-history.ts";

const plain = "a/user-1/plain";
const resuming = "a/user-2/resuming";
const room = "a-room-1";

// Clients 0 and 3 of six of tenant a: user-1's plain one and user-2's resuming one. Both are there from the start.
const deliverAll: readonly Step[] = Array.from({ length: 6 }, () => [
  { do: "deliver", client: 0 } as const,
  { do: "deliver", client: 3 } as const,
]).flat();
const sendOne: readonly Step[] = [{ do: "send", room: 0, fate: "ok" }, { do: "answer" }, ...deliverAll];
const arrive: readonly Step[] = [{ do: "come back", client: 0 }, { do: "come back", client: 3 }, ...deliverAll];

/** Five messages in the room, seq 2 to 6, each acknowledged and shown live before the next. */
const five = playGoodHistory([...arrive, ...Array.from({ length: 5 }, () => sendOne).flat()]);

type Change = (entry: Entry) => readonly Entry[];
type Recv = Extract<Entry, { kind: "recv" }>;
const isRecv = (entry: Entry, client: string, seq: number): entry is Recv =>
  entry.kind === "recv" && entry.client === client && entry.room === room && entry.seq === seq;

/** Changes entries; every other one stays. */
const withEntries = (history: History, change: Change): History => {
  return { ...history, entries: history.entries.flatMap(change) };
};
const withRoom = (history: History, change: (truth: RoomTruth) => RoomTruth): History => {
  return { ...history, rooms: history.rooms.map((truth) => (truth.room === room ? change(truth) : truth)) };
};
/** The history as if nobody else was there: broken truth is then found by nothing but itself. */
const withoutClients = (history: History): History => ({
  ...history,
  clients: [],
  entries: history.entries.filter((entry) => !("client" in entry)),
});

const seqOf = (truth: RoomTruth, seq: number): RowFact => truth.rows.find((row) => row.seq === seq) as RowFact;
const moved = (truth: RoomTruth, from: RowFact, to: Partial<RowFact>): RoomTruth => {
  const rows = truth.rows.map((row) => (row === from ? { ...row, ...to } : row));
  return { ...truth, rows, pages: rows };
};

/** What must be found: rule and fault of every violation, without repeats. */
const broken: Readonly<Record<string, readonly [History, ...string[]]>> = {
  "lost: acknowledged, in no table": [
    withRoom(withoutClients(five), (truth) => ({
      ...truth,
      rows: truth.rows.filter(({ seq }) => seq !== 4),
      pages: truth.pages.filter(({ seq }) => seq !== 4),
      log: truth.log.filter(({ seq }) => seq !== 4),
    })),
    "3 lost",
  ],
  "acknowledged, then missing in the history that REST answers": [
    withRoom(withoutClients(five), (truth) => ({ ...truth, pages: truth.pages.filter(({ seq }) => seq !== 4) })),
    "1 disagreement",
    "3 lost",
  ],
  "lost on the way to one member: the last message": [
    withEntries(five, (entry) => (isRecv(entry, resuming, 6) ? [] : [entry])),
    "3 lost",
  ],
  "hole in the view: a message in the middle is never shown": [
    withEntries(five, (entry) => (isRecv(entry, plain, 4) ? [] : [entry])),
    "3 lost",
    "6 hole",
  ],
  "a hole that is filled later, without having been announced": [
    withEntries(five, (entry) => {
      if (isRecv(entry, plain, 4)) return [];
      if (!isRecv(entry, plain, 6)) return [entry];
      const { client, epoch, at } = entry;
      const missed = seqOf(five.rooms[0] as RoomTruth, 4);
      return [entry, { kind: "read", client, epoch, room, at, since: at, messages: [missed] }];
    }),
    "6 hole",
  ],
  "shown twice in one connection": [
    withEntries(five, (entry) => (isRecv(entry, plain, 4) ? [entry, entry] : [entry])),
    "6 duplicated",
  ],
  "shown again in a later connection to a client that resumes": [
    withEntries(five, (entry) => {
      if (!isRecv(entry, resuming, 6)) return [entry];
      const next = { client: resuming, epoch: 2, at: entry.at };
      return [entry, { kind: "connect", ...next }, { ...entry, epoch: 2 }, { kind: "synced", room, ...next }];
    }),
    "6 duplicated",
  ],
  "two messages swapped on their way": [
    withEntries(five, (entry) => {
      const swap = (to: number): readonly Entry[] => five.entries.filter((other) => isRecv(other, plain, to));
      return isRecv(entry, plain, 4) ? swap(5) : isRecv(entry, plain, 5) ? swap(4) : [entry];
    }),
    "6 hole",
    "6 inverted",
  ],
  "stored before what was acknowledged before it was sent": [
    withEntries(withoutClients(five), (entry) => {
      const swap: Readonly<Record<string, string>> = { "send-2": "send-4", "send-4": "send-2" };
      return "sendId" in entry && entry.kind === "invoke"
        ? [
            {
              ...entry,
              sendId: swap[entry.sendId] ?? entry.sendId,
              print: `print of ${swap[entry.sendId] ?? entry.sendId}`,
            },
          ]
        : [entry];
    }),
    "2 inverted",
    "4 phantom",
  ],
  "a message of another tenant": [
    withEntries(five, (entry) => {
      if (!isRecv(entry, plain, 6)) return [entry];
      const foreign = { ...entry, client: "b/user-1/plain", epoch: 1 };
      return [entry, foreign];
    }),
    "7 foreign",
  ],
  "a seq that is used again": [
    withRoom(withoutClients(five), (truth) => moved(truth, seqOf(truth, 5), { seq: 4 })),
    "1 disagreement",
  ],
  "one id in two places": [
    withEntries(five, (entry) => (isRecv(entry, plain, 5) ? [{ ...entry, id: "id-send-3" }] : [entry])),
    "1 disagreement",
    "3 lost",
    "4 phantom",
    "6 duplicated",
    "6 hole",
  ],
  "phantom: shown, and nobody sent it": [
    withEntries(five, (entry) => {
      const ghost = { id: "ghost", seq: 7, sendId: "nobody", print: "boo" };
      return isRecv(entry, plain, 6) ? [entry, { ...entry, ...ghost }] : [entry];
    }),
    "4 phantom",
  ],
  "a payload that is not what was sent": [
    withEntries(five, (entry) => (isRecv(entry, plain, 4) ? [{ ...entry, print: "another" }] : [entry])),
    "4 phantom",
  ],
  "stored under another sender's name": [
    withRoom(withoutClients(five), (truth) => moved(truth, seqOf(truth, 4), { sender: "user-9" })),
    "4 phantom",
  ],
  "a refused message that appears": [
    withEntries(withoutClients(five), (entry) => {
      return entry.kind === "ok" && entry.seq === 4
        ? [{ kind: "fail", at: entry.at, sendId: entry.sendId, reason: "403" }]
        : [entry];
    }),
    "4 phantom",
  ],
  "two rows for one clientMessageId": [
    withRoom(withoutClients(five), (truth) => {
      const again = { ...seqOf(truth, 4), id: "again", seq: 7 };
      const rows = [...truth.rows, again];
      return { ...truth, rows, pages: rows, log: [...truth.log, { seq: 7, messageId: "again" }] };
    }),
    "5 duplicated",
  ],
  "not caught up at the end": [
    withEntries(five, (entry) => {
      return entry.kind === "synced" && entry.client === plain && entry.room === room ? [] : [entry];
    }),
    "8 not caught up",
  ],
  "not back at the end": [
    { ...five, entries: [...five.entries, { kind: "disconnect", client: plain, epoch: 1, at: 9999, reason: "gone" }] },
    "8 not caught up",
  ],
  "caught up, but late": [
    {
      ...withEntries(five, (entry) => (isRecv(entry, plain, 6) ? [{ ...entry, at: 99_999 }] : [entry])),
      catchUpMsMax: 10,
    },
    "8 not caught up",
  ],
};

describe("what the checker finds", () => {
  test("nothing in the run that all of these are made from", () => {
    expect(checkHistory(five).violations).toEqual([]);
    expect(checkHistory(withoutClients(five)).violations).toEqual([]);
  });

  test.each(Object.entries(broken))("%s", (_name, [history, ...expected]) => {
    const verdict = checkHistory(history);
    const found = new Set(verdict.violations.map(({ rule, fault }) => `${rule} ${fault}`));
    expect([...found].toSorted(), renderVerdict(verdict)).toEqual(expected);
  });
});

/** User 1 is removed after the second message, and added again after the third. */
const removedAndAdded = playGoodHistory([
  ...arrive,
  ...sendOne,
  ...sendOne,
  { do: "change", room: 0, user: 0 },
  ...sendOne,
  { do: "change", room: 0, user: 0 },
  ...sendOne,
]);

describe("what the checker finds around a removal", () => {
  const [truth] = removedAndAdded.rooms as readonly [RoomTruth];
  const removal = truth.log.find(({ change }) => change?.action === "removed");
  const unseen = truth.rows.find(({ seq, sendId }) => seq > (removal?.seq ?? 0) && sendId !== null) as RowFact;
  const answered = removedAndAdded.entries.findIndex(({ kind }) => kind === "membership");
  const at = removedAndAdded.entries[answered]?.at ?? 0;
  const place = { client: plain, epoch: 1, room, at };
  const after = (entry: Entry): History => ({
    ...removedAndAdded,
    entries: removedAndAdded.entries.toSpliced(answered + 1, 0, entry),
  });
  const faults = (history: History) => checkHistory(history).violations.map(({ rule, fault }) => `${rule} ${fault}`);

  test("nothing, when nobody is told anything between", () => expect(faults(removedAndAdded)).toEqual([]));

  test("a message that is delivered after the removal", () => {
    expect(faults(after({ kind: "recv", ...place, ...unseen }))).toContain("7 outside membership");
  });

  test("a message that is read after the removal", () => {
    expect(faults(after({ kind: "read", since: at, ...place, messages: [unseen] }))).toEqual(["7 outside membership"]);
  });

  test("somebody else's change of membership that is told after the removal", () => {
    const change = { kind: "change", ...place, user: "user-3", action: "joined", seq: unseen.seq } as const;
    expect(faults(after(change))).toEqual(["7 outside membership"]);
  });
});

test("the report names the rule, the message and what shows it", () => {
  const [history] = broken["phantom: shown, and nobody sent it"] as readonly [History];
  expect(renderVerdict(checkHistory(history))).toBe(
    [
      "5 sent: 5 acknowledged, 0 unknown, 0 refused; shown 21 times",
      "",
      "1 x phantom (rule 4: Everything that was shown was sent, unchanged; what was refused never appears.)",
      "  a, room a-room-1, message ghost: message 7 was shown, and nobody sent it",
      '    {"kind":"recv","at":29,"client":"a/user-1/plain","epoch":1,"room":"a-room-1","id":"ghost","seq":7,"sendId":"nobody","print":"boo"}',
    ].join("\n"),
  );
});

test("judges a long run in the time of a glance: it is linear", () => {
  const long = playGoodHistory([...arrive, ...Array.from({ length: 4000 }, () => sendOne).flat()]);
  expect(long.entries.length).toBeGreaterThan(20_000);
  const startedAt = performance.now();
  expect(checkHistory(long).violations).toEqual([]);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});
