import type { Facts } from "../facts.ts";
import type { Violation } from "../violation.ts";

interface Claim {
  readonly by: string;
  readonly tenant: string;
  readonly room: string;
  readonly seq: number;
  readonly id: string;
  readonly fact: object;
}

/** Rule 1: whoever names a place or an id names the same one, and database, log and pages tell the same story. */
export function* checkAgreement(facts: Facts): Generator<Violation> {
  const byPlace = new Map<string, Claim>();
  const byId = new Map<string, Claim>();
  for (const claim of claimsOf(facts)) {
    const place = `${claim.room}/${claim.seq}`;
    const atPlace = byPlace.get(place);
    if (atPlace === undefined) byPlace.set(place, claim);
    else if (atPlace.id !== claim.id) {
      yield disagreement(claim, atPlace, `seq ${claim.seq} is ${claim.id} for ${claim.by} and ${atPlace.id} for`);
    }
    const withId = byId.get(claim.id);
    if (withId === undefined) byId.set(claim.id, claim);
    else if (withId.room !== claim.room || withId.seq !== claim.seq) {
      yield disagreement(claim, withId, `its seq is ${claim.seq} for ${claim.by} and ${withId.seq} for`);
    }
  }
  yield* checkTruth(facts);
}

const disagreement = (claim: Claim, other: Claim, words: string): Violation => ({
  rule: 1,
  fault: "disagreement",
  tenant: claim.tenant,
  room: claim.room,
  message: claim.id,
  sentence: `${words} ${other.by}`,
  evidence: [other.fact, claim.fact],
});

function* claimsOf({ history, sends, clients }: Facts): Generator<Claim> {
  for (const { tenant, room, rows, pages } of history.rooms) {
    for (const row of rows) yield { by: "the database", tenant, room, seq: row.seq, id: row.id, fact: row };
    for (const seen of pages) yield { by: "the history", tenant, room, seq: seen.seq, id: seen.id, fact: seen };
  }
  for (const entry of history.entries) {
    if (entry.kind === "ok") {
      const send = sends.get(entry.sendId)?.invoke;
      if (send) yield { by: "its sender", ...place(send), seq: entry.seq, id: entry.id, fact: entry };
    } else if (entry.kind === "recv") {
      const tenant = clients.get(entry.client)?.tenant ?? "";
      yield { by: entry.client, tenant, room: entry.room, seq: entry.seq, id: entry.id, fact: entry };
    } else if (entry.kind === "read") {
      const tenant = clients.get(entry.client)?.tenant ?? "";
      for (const seen of entry.messages) {
        yield { by: entry.client, tenant, room: entry.room, seq: seen.seq, id: seen.id, fact: seen };
      }
    }
  }
}

const place = ({ tenant, room }: { readonly tenant: string; readonly room: string }) => ({ tenant, room });

function* checkTruth({ rooms }: Facts): Generator<Violation> {
  for (const { truth, byId } of rooms.values()) {
    const { tenant, room } = truth;
    const logged = new Map(
      truth.log.flatMap(({ seq, messageId }) => (messageId === undefined ? [] : [[messageId, seq]])),
    );
    const paged = new Set(truth.pages.map(({ id }) => id));
    const differ = (message: string, sentence: string, fact: object): Violation => {
      return { rule: 1, fault: "disagreement", tenant, room, message, sentence, evidence: [fact] };
    };
    for (const row of truth.rows) {
      if (logged.get(row.id) !== row.seq) yield differ(row.id, `row ${row.seq} is not in the log at its place`, row);
      if (!paged.has(row.id)) yield differ(row.id, `row ${row.seq} is not in the history that REST answers`, row);
    }
    for (const seen of truth.pages) {
      if (!byId.has(seen.id)) yield differ(seen.id, `REST answers message ${seen.seq}, which has no row`, seen);
    }
  }
}
