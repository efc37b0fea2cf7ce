import type { Facts, RoomFacts } from "../facts.ts";
import type { RowFact, Seen } from "../history.ts";
import type { Violation } from "../violation.ts";

/** Rule 4: what is stored or shown was sent like that, in that room; what was refused is nowhere. Each id counts once. */
export function* checkPhantoms(facts: Facts): Generator<Violation> {
  for (const room of facts.rooms.values()) {
    for (const row of room.truth.rows) {
      const problem = problemOfRow(facts, room, row);
      if (problem !== undefined) yield phantom(room.truth, row, problem, [row]);
    }
  }
  const reported = new Set<string>();
  for (const { room, tenant, entry, seen } of shownBy(facts)) {
    if (reported.has(seen.id)) continue;
    const problem = problemOfSeen(facts, facts.rooms.get(room), seen);
    if (problem === undefined) continue;
    reported.add(seen.id);
    yield phantom({ tenant, room }, seen, problem, [entry]);
  }
}

const phantom = (
  { tenant, room }: { readonly tenant: string; readonly room: string },
  { id, seq }: Seen,
  problem: string,
  evidence: readonly object[],
): Violation => {
  return { rule: 4, fault: "phantom", tenant, room, message: id, sentence: `message ${seq} ${problem}`, evidence };
};

const problemOfRow = ({ sends }: Facts, { truth }: RoomFacts, row: RowFact): string | undefined => {
  if (row.sendId === null) return isLine(truth.log, row.seq) ? undefined : "was sent by nobody";
  const send = sends.get(row.sendId);
  if (!send) return "was sent by nobody";
  const { room, tenant, sender, print } = send.invoke;
  if (room !== truth.room || tenant !== truth.tenant) return `was sent to room ${room} of tenant ${tenant}`;
  if (sender !== row.sender) return `was sent by ${sender} and is stored as ${row.sender}'s`;
  if (print !== row.print) return "is not stored as it was sent";
  return send.answer?.kind === "fail" ? `was refused (${send.answer.reason}) and is stored` : undefined;
};

/** The line that a change of membership leaves stands right after it in the log. */
const isLine = (log: RoomFacts["truth"]["log"], seq: number): boolean => {
  // The log is dense and begins at 1.
  const before = log[seq - 2];
  return before?.seq === seq - 1 && before.change !== undefined;
};

const problemOfSeen = ({ sends }: Facts, room: RoomFacts | undefined, seen: Seen): string | undefined => {
  const send = seen.sendId === null ? undefined : sends.get(seen.sendId);
  if (seen.sendId !== null && !send) return "was shown, and nobody sent it";
  if (send && send.invoke.print !== seen.print) return "was not shown as it was sent";
  if (send?.answer?.kind === "fail") return "was refused and shown";
  const row = room?.byId.get(seen.id);
  if (row && row.sendId !== seen.sendId) return "was shown with another sending's id";
  // Acknowledged and not stored is a loss, which rule 3 reports.
  return row || send?.answer?.kind === "ok" ? undefined : "was shown and is not stored";
};

function* shownBy({ history, clients }: Facts) {
  for (const entry of history.entries) {
    if (entry.kind !== "recv" && entry.kind !== "read") continue;
    const tenant = clients.get(entry.client)?.tenant ?? "";
    for (const seen of entry.kind === "recv" ? [entry] : entry.messages) {
      yield { room: entry.room, tenant, entry: entry.kind === "recv" ? entry : seen, seen };
    }
  }
}
