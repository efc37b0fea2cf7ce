import { setTimeout as wait } from "node:timers/promises";
import type { Arrival, Member } from "./member.ts";
import { createMember } from "./member.ts";
import { addViolations, createOrderBook, noViolations } from "./order-book.ts";
import type { Violations } from "./order-book.ts";
import type { GroupState, OpenCommand } from "./protocol.ts";
import { waitUntil } from "../../scripts/process/wait.ts";

/** The members that receive the messages of one load, and the books of what each of them got. */
export interface Group {
  /** How far each room has come, as its senders were answered. */
  readonly heads: Map<string, number>;
  readonly members: readonly Member[];
  /** Members of a room. */
  membersOf(roomId: string): number;
  /** Called for every first arrival. */
  onDelivery: ((member: Member, arrival: Arrival) => void) | undefined;
  /** Waits until every member has all of its rooms up to `heads`; false when nothing more comes for `quietMs`. */
  settle(quietMs: number): Promise<boolean>;
  /** What was wrong since the last audit; the books begin anew at `heads`. */
  audit(): Violations;
  state(): GroupState;
  close(): void;
}

const refusalsMax = 100;

/** Connects all members. Rejects when one is refused. */
export const openGroup = async ({ dialect, members: specs, atOnce, fallback }: OpenCommand): Promise<Group> => {
  const heads = new Map<string, number>();
  const sizes = new Map<string, number>();
  let arrivals = 0;
  let foreign = 0;
  let lostConnections = 0;
  let caughtUp = 0;
  let resets = 0;
  let refusals = 0;
  let lostAt = 0;
  let caughtUpAt = 0;
  let closed = false;

  const comeBack = async (member: Member, { url, pod, spreadMs }: NonNullable<typeof fallback>): Promise<void> => {
    for (let attempt = 0; !closed && attempt < refusalsMax; attempt++) {
      await wait(Math.random() * spreadMs);
      const refused = await member.connect(url, pod).then(
        () => false,
        () => true,
      );
      if (!refused) return;
      refusals++;
    }
  };
  const group: Group = {
    heads,
    members: specs.map((spec) =>
      createMember(dialect, spec, {
        onDelivery(member, arrival) {
          arrivals++;
          group.onDelivery?.(member, arrival);
        },
        onForeign: () => void foreign++,
        onLost(member) {
          if (lostConnections++ === 0) lostAt = performance.now();
          if (fallback) void comeBack(member, fallback);
        },
        onCaughtUp(_member, itsResets) {
          caughtUp++;
          resets += itsResets;
          caughtUpAt = performance.now();
        },
      }),
    ),
    membersOf: (roomId) => sizes.get(roomId) ?? 0,
    onDelivery: undefined,
    async settle(quietMs) {
      let before = -1;
      let since = performance.now();
      return await waitUntil(
        () => {
          if (arrivals !== before) [before, since] = [arrivals, performance.now()];
          return isComplete(group) || performance.now() - since > quietMs;
        },
        { limitMs: 60_000, everyMs: 5 },
      ).then(() => isComplete(group));
    },
    audit() {
      const sum = { ...noViolations(), foreign };
      foreign = 0;
      for (const { books, wasPaused } of group.members) {
        for (const [roomId, book] of books) {
          const head = heads.get(roomId) ?? 0;
          if (!wasPaused) addViolations(sum, book.close(head));
          books.set(roomId, createOrderBook(head));
        }
      }
      return sum;
    },
    state: () => ({
      connected: group.members.length - lostConnections + caughtUp,
      lostConnections,
      caughtUp,
      recoveryMs: caughtUp === 0 ? 0 : caughtUpAt - lostAt,
      overlapped: group.members.reduce((sum, { overlapped }) => sum + overlapped, 0),
      resets,
      refusals,
    }),
    close() {
      closed = true;
      for (const member of group.members) member.close();
    },
  };
  for (const { rooms } of specs) {
    for (const [roomId, seq] of Object.entries(rooms)) {
      heads.set(roomId, seq);
      sizes.set(roomId, (sizes.get(roomId) ?? 0) + 1);
    }
  }
  await connectAll(group, specs, atOnce);
  return group;
};

const connectAll = async (group: Group, specs: OpenCommand["members"], atOnce: number): Promise<void> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < specs.length; at = next++) {
      const spec = specs[at];
      if (spec) await group.members[at]?.connect(spec.url, spec.pod);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
};

const isComplete = ({ members, heads }: Group): boolean =>
  members.every(({ books, wasPaused }) => {
    if (wasPaused) return true;
    for (const [roomId, book] of books) if (book.last < (heads.get(roomId) ?? 0)) return false;
    return true;
  });
