import fc from "fast-check";
import { expect, test } from "vitest";
import { checkHistory } from "../check-history.ts";
import { gatherFacts, isMemberAt, isMemberNow } from "../facts.ts";
import type { Entry, History } from "../history.ts";
import { renderVerdict } from "../render.ts";
import type { Fault } from "../violation.ts";
import { playGoodHistory } from "./good-history.ts";
import type { Step } from "./good-history.ts";

const number = fc.nat({ max: 11 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      room: number,
      fate: fc.constantFrom("ok", "ok", "ok", "stored, unknown", "unknown", "refused"),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("answer" as const) }) },
  { weight: 14, arbitrary: fc.record({ do: fc.constant("deliver" as const), client: number }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("drop" as const), client: number }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("come back" as const), client: number }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("change" as const), room: number, user: number }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("other" as const), room: number }) },
);

const steps = fc.array(step, { maxLength: 200, size: "max" });

test("every run of a system that keeps its promises passes", () => {
  fc.assert(
    fc.property(steps, (played) => {
      const verdict = checkHistory(playGoodHistory(played));
      expect(verdict.violations, renderVerdict(verdict)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

type Recv = Extract<Entry, { kind: "recv" }>;

/** What a member was shown live and never read: nothing else makes up for it. */
const shownOnlyLive = ({ entries }: History): readonly Recv[] => {
  const read = new Set(
    entries.flatMap((entry) => (entry.kind === "read" ? entry.messages.map(({ id }) => `${entry.client} ${id}`) : [])),
  );
  return entries.filter((entry) => entry.kind === "recv").filter(({ client, id }) => !read.has(`${client} ${id}`));
};

const faultsOf = (history: History): readonly Fault[] => checkHistory(history).violations.map(({ fault }) => fault);

/** Plays steps, breaks one live message that was picked, and answers what the checker finds. */
const breakOne = (played: readonly Step[], pick: number, change: (recv: Recv) => readonly Entry[]) => {
  const history = playGoodHistory(played);
  const live = shownOnlyLive(history);
  const broken = live[pick % Math.max(1, live.length)];
  if (!broken) return undefined;
  return {
    broken,
    history: { ...history, entries: history.entries.flatMap((e) => (e === broken ? change(broken) : [e])) },
  };
};

test("in any good run, one live message taken away is missed, if its receiver is there at the end", () => {
  fc.assert(
    fc.property(steps, fc.nat(), (played, pick) => {
      const made = breakOne(played, pick, () => []);
      fc.pre(made !== undefined);
      const { broken, history } = made;
      const { rooms, clients } = gatherFacts(history);
      const room = rooms.get(broken.room);
      const user = clients.get(broken.client)?.user ?? "";
      fc.pre(room !== undefined && isMemberNow(room, user) && isMemberAt(room, user, broken.seq));
      expect(faultsOf(history).some((fault) => fault === "lost" || fault === "hole")).toBe(true);
    }),
  );
});

test("in any good run, one live message shown twice is noticed", () => {
  fc.assert(
    fc.property(steps, fc.nat(), (played, pick) => {
      const made = breakOne(played, pick, (recv) => [recv, recv]);
      fc.pre(made !== undefined);
      expect(faultsOf(made.history)).toEqual(["duplicated"]);
    }),
  );
});

test("in any good run, one payload that changes on its way is noticed", () => {
  fc.assert(
    fc.property(steps, fc.nat(), (played, pick) => {
      const made = breakOne(played, pick, (recv) => [{ ...recv, print: "another" }]);
      fc.pre(made !== undefined && made.broken.sendId !== null);
      expect(faultsOf(made.history)).toEqual(["phantom"]);
    }),
  );
});
