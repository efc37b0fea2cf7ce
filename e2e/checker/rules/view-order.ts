import type { Facts, RoomFacts, View } from "../facts.ts";
import { isMemberAt } from "../facts.ts";
import type { RowFact, Shown } from "../history.ts";
import type { Fault, Violation } from "../violation.ts";

type Recv = Extract<Shown, { kind: "recv" }>;

/**
 * Rule 6: what a client is shown of a room comes in the order of `seq`, each message once, without a hole. A new
 * connection of a plain client, and a `resync` of any, announce a hole; once the client is `synced` it must be filled.
 */
export function* checkViewOrder(facts: Facts): Generator<Violation> {
  for (const views of facts.views.values()) {
    for (const view of views.values()) {
      const room = facts.rooms.get(view.room);
      // What comes from a room that is not the client's is rule 7's.
      if (room && room.truth.tenant === view.client.tenant) yield* checkView(room, view);
    }
  }
}

interface Line {
  /** The latest that came live, and all that did: forgotten when a hole is announced. */
  last: Recv | undefined;
  readonly live: Set<string>;
  /** All that was ever shown. */
  readonly shown: Set<string>;
  /** Number, among the messages of the room, of the latest that was shown. */
  latest: number;
  /** Up to here, by number, the view was found whole. */
  whole: number;
  synced: boolean;
}

function* checkView(room: RoomFacts, view: View): Generator<Violation> {
  const line: Line = { last: undefined, live: new Set(), shown: new Set(), latest: -1, whole: 0, synced: false };
  let epoch = 0;
  for (const entry of view.entries) {
    if (!("epoch" in entry)) continue;
    if (entry.epoch !== epoch && view.client.kind === "plain") {
      yield* checkWhole(room, view, line);
      announceHole(line);
    }
    epoch = entry.epoch;
    if (entry.kind === "resync") {
      yield* checkWhole(room, view, line);
      announceHole(line);
    } else if (entry.kind === "synced") {
      line.synced = true;
    } else if (entry.kind === "recv") {
      yield* checkNext(room, view, line, entry);
      show(room, line, entry.id);
    } else if (entry.kind === "read") {
      for (const { id } of entry.messages) show(room, line, id);
    }
  }
  yield* checkWhole(room, view, line);
}

const announceHole = (line: Line): void => {
  line.last = undefined;
  line.live.clear();
  line.synced = false;
};

const show = (room: RoomFacts, line: Line, id: string): void => {
  line.shown.add(id);
  const row = room.byId.get(id);
  if (row) line.latest = Math.max(line.latest, room.order.get(row.seq) ?? -1);
};

/** A message that comes live must be the next one after the one before. */
function* checkNext(room: RoomFacts, view: View, line: Line, recv: Recv): Generator<Violation> {
  const { client } = view.client;
  const { last } = line;
  if (line.live.has(recv.id)) {
    yield breach(view, "duplicated", recv.id, `message ${recv.seq} was shown to ${client} twice`, [recv]);
    return;
  }
  line.live.add(recv.id);
  if (last && recv.seq < last.seq) {
    const sentence = `message ${recv.seq} was shown to ${client} after ${last.seq}`;
    yield breach(view, "inverted", recv.id, sentence, [last, recv]);
    return;
  }
  line.last = recv;
  if (!last) return;
  for (const row of between(room, last.seq, recv.seq)) {
    if (!isMemberAt(room, view.client.user, row.seq)) continue;
    const sentence = `message ${row.seq} was not shown to ${client} between ${last.seq} and ${recv.seq}`;
    yield breach(view, "hole", row.id, sentence, [last, recv, row]);
  }
}

function* between({ truth, order }: RoomFacts, after: number, before: number): Generator<RowFact> {
  const [from, to] = [order.get(after), order.get(before)];
  if (from !== undefined && to !== undefined) yield* truth.rows.slice(from + 1, to);
}

/** Once synced, there is no hole below the latest message. Each row is looked at once. */
function* checkWhole(room: RoomFacts, view: View, line: Line): Generator<Violation> {
  if (!line.synced) return;
  for (; line.whole < line.latest; line.whole++) {
    const row = room.truth.rows[line.whole];
    if (!row || line.shown.has(row.id) || !isMemberAt(room, view.client.user, row.seq)) continue;
    const sentence = `${view.client.client} has later messages and not ${row.seq}, although it had caught up`;
    yield breach(view, "hole", row.id, sentence, [row]);
  }
}

const breach = (
  view: View,
  fault: Fault,
  message: string,
  sentence: string,
  evidence: readonly object[],
): Violation => {
  return { rule: 6, fault, tenant: view.client.tenant, room: view.room, message, sentence, evidence };
};
