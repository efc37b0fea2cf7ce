import type { Facts, RoomFacts, View } from "../facts.ts";
import { isMemberAt } from "../facts.ts";
import { hasCaughtUp, mustHaveAll } from "../standing.ts";
import type { Violation } from "../violation.ts";

/**
 * Rule 3: what was acknowledged is in the database and in the history, and every member who is there at the end was
 * shown everything of the time of its membership. Who has not come back, or not finished reading, is rule 8's.
 */
export function* checkLoss(facts: Facts): Generator<Violation> {
  yield* checkAcknowledged(facts);
  for (const views of facts.views.values()) {
    for (const view of views.values()) {
      const room = facts.rooms.get(view.room);
      if (room && mustHaveAll(room, view) && hasCaughtUp(facts, view)) yield* checkShown(room, view);
    }
  }
}

function* checkAcknowledged({ sends, rooms }: Facts): Generator<Violation> {
  const paged = new Map([...rooms].map(([room, { truth }]) => [room, new Set(truth.pages.map(({ id }) => id))]));
  for (const [sendId, { invoke, answer }] of sends) {
    if (answer?.kind !== "ok") continue;
    const { tenant, room } = invoke;
    const row = rooms.get(room)?.byId.get(answer.id);
    const missing = [...(row ? [] : ["the database"]), ...(paged.get(room)?.has(answer.id) ? [] : ["the history"])];
    if (missing.length === 0) continue;
    const sentence = `it was acknowledged as ${answer.id}, seq ${answer.seq}, and is missing in ${missing.join(" and ")}`;
    yield { rule: 3, fault: "lost", tenant, room, message: sendId, sentence, evidence: [invoke, answer] };
  }
}

function* checkShown(room: RoomFacts, view: View): Generator<Violation> {
  const shown = new Set<string>();
  for (const entry of view.entries) {
    if (entry.kind === "recv") shown.add(entry.id);
    if (entry.kind === "read") for (const { id } of entry.messages) shown.add(id);
  }
  const { client, user, tenant } = view.client;
  for (const row of room.truth.rows) {
    if (shown.has(row.id) || !isMemberAt(room, user, row.seq)) continue;
    const sentence = `message ${row.seq} was never shown to ${client}, who was a member`;
    yield { rule: 3, fault: "lost", tenant, room: view.room, message: row.id, sentence, evidence: [row] };
  }
}
