import type { Facts, RoomFacts } from "../facts.ts";
import { isMemberAt } from "../facts.ts";
import type { ClientFacts, Membership, Shown } from "../history.ts";
import type { Fault, Violation } from "../violation.ts";

/** Rule 7: nothing of another tenant, nothing live from outside one's membership, nothing read while one was out. */
export function* checkMembership(facts: Facts): Generator<Violation> {
  const absences = findAbsences(facts);
  for (const entry of facts.history.entries) {
    if (entry.kind !== "recv" && entry.kind !== "read" && entry.kind !== "change") continue;
    const client = facts.clients.get(entry.client);
    if (!client) continue;
    const room = facts.rooms.get(entry.room);
    const sentTo = tenantOf(facts, entry, client.tenant);
    if (room?.truth.tenant !== client.tenant || sentTo !== client.tenant) {
      const owner = sentTo === client.tenant ? (room?.truth.tenant ?? "nobody we know") : sentTo;
      yield breach("foreign", client, entry, `${client.client} of tenant ${client.tenant} got what is ${owner}'s`);
    } else if (entry.kind === "read") {
      const isOut = entry.messages.length > 0 && isAbsent(absences, entry, client, entry.since);
      if (isOut) yield breach("outside membership", client, entry, `${client.client} read the room after its removal`);
    } else if (!mayGet(room, client, entry, absences)) {
      const sentence = `${client.client} got seq ${entry.seq} from outside its membership`;
      yield breach("outside membership", client, entry, sentence, room.intervals.get(client.user));
    }
  }
}

/**
 * One's own coming and going is told to oneself. A member may read what was said while it was out, and a resuming
 * client is handed that like anything else that it missed.
 */
const mayGet = (
  room: RoomFacts,
  client: ClientFacts,
  entry: Extract<Shown, { seq: number }>,
  absences: Absences,
): boolean => {
  if (entry.kind === "change" && entry.user === client.user) return true;
  if (isMemberAt(room, client.user, entry.seq)) return true;
  const wasThere = (room.intervals.get(client.user) ?? []).some(({ joinSeq }) => joinSeq > entry.seq);
  return client.kind === "resuming" && wasThere && !isAbsent(absences, entry, client, entry.at);
};

/** Whose message it is, where the sending tells; of several, the first that is another tenant's. */
const tenantOf = ({ sends }: Facts, entry: Shown, own: string): string => {
  const seen = entry.kind === "recv" ? [entry] : entry.kind === "read" ? entry.messages : [];
  const tenants = seen.map(({ sendId }) => (sendId === null ? undefined : sends.get(sendId)?.invoke.tenant));
  return tenants.find((tenant) => tenant !== undefined && tenant !== own) ?? own;
};

interface Absence {
  readonly from: number;
  to: number;
}

type Absences = ReadonlyMap<string, readonly Absence[]>;

/** True if the user was out of the room from `since` to the time of the entry. */
const isAbsent = (absences: Absences, { room, at }: Shown, { user }: ClientFacts, since: number): boolean =>
  (absences.get(keyOf(room, user)) ?? []).some(({ from, to }) => from <= since && at <= to);

/** From the answer to a removal until somebody asked to add the user again. What is unknown counts as present. */
const findAbsences = ({ history }: Facts): Absences => {
  const absences = new Map<string, Absence[]>();
  const take = (entry: Membership): void => {
    const key = keyOf(entry.room, entry.user);
    const own = absences.get(key) ?? [];
    absences.set(key, own);
    const open = own.at(-1);
    if (entry.action === "add" && entry.outcome !== "fail" && open) open.to = Math.min(open.to, entry.since);
    if (entry.action === "remove" && entry.outcome === "ok") own.push({ from: entry.at, to: Infinity });
  };
  for (const entry of history.entries) if (entry.kind === "membership") take(entry);
  return absences;
};

const keyOf = (room: string, user: string): string => JSON.stringify([room, user]);

const breach = (
  fault: Fault,
  { tenant }: ClientFacts,
  entry: Shown,
  sentence: string,
  intervals: readonly object[] = [],
): Violation => {
  const message = entry.kind === "recv" ? entry.id : "";
  return { rule: 7, fault, tenant, room: entry.room, message, sentence, evidence: [entry, ...intervals] };
};
