import type { ClientFacts, ClientKind, Entry, History, LogFact, RoomTruth, RowFact, Seen } from "../history.ts";

/** One step of a chat system that keeps every promise. Numbers choose among what is there, modulo how many there are. */
export type Step =
  | { readonly do: "send"; readonly room: number; readonly fate: "ok" | "stored, unknown" | "unknown" | "refused" }
  | { readonly do: "answer" }
  | { readonly do: "deliver"; readonly client: number }
  | { readonly do: "drop"; readonly client: number }
  | { readonly do: "come back"; readonly client: number }
  | { readonly do: "change"; readonly room: number; readonly user: number }
  /** Something that takes a place in the room's log and is no message: a reaction, a new name of the room. */
  | { readonly do: "other"; readonly room: number };

interface Room {
  readonly tenant: string;
  readonly room: string;
  readonly log: LogFact[];
  readonly rows: RowFact[];
  readonly members: Set<string>;
}

interface Client extends ClientFacts {
  epoch: number;
  connected: boolean;
  /** What is on its way. */
  readonly queue: (() => void)[];
  readonly shown: Set<string>;
  /** Rooms of which it was told that it must read them anew. */
  readonly holes: Set<string>;
}

/** Everything that there is, and what was written down so far. */
interface System {
  readonly rooms: readonly Room[];
  readonly clients: readonly Client[];
  readonly entries: Entry[];
  readonly unanswered: Entry[];
  sends: number;
  at: number;
}

const userNames = ["user-1", "user-2", "user-3"];

/**
 * Plays the steps on a small system that does everything right: two tenants with the same user names, two rooms each, a
 * plain and a resuming client per user. At the end everybody comes back and everything is delivered.
 */
export const playGoodHistory = (steps: readonly Step[]): History => {
  const tenants = ["a", "b"];
  const system: System = {
    rooms: tenants.flatMap((tenant) => [1, 2].map((n) => createRoom(tenant, `${tenant}-room-${n}`))),
    clients: tenants.flatMap((tenant) =>
      userNames.flatMap((user) => [createClient(tenant, user, "plain"), createClient(tenant, user, "resuming")]),
    ),
    entries: [],
    unanswered: [],
    sends: 0,
    at: 0,
  };
  for (const step of steps) play(system, step);
  while (system.unanswered.length > 0) answer(system);
  const quietAt = now(system);
  for (const client of system.clients) {
    comeBack(system, client);
    while (client.queue.length > 0) client.queue.shift()?.();
  }
  const { clients, entries, rooms, at } = system;
  return { clients: clients.map(toFacts), entries, rooms: rooms.map(toTruth), quietAt, catchUpMsMax: at };
};

const play = (system: System, step: Step): void => {
  const { rooms, clients } = system;
  if (step.do === "answer") answer(system);
  else if (step.do === "send") send(system, pick(rooms, step.room), step.fate);
  else if (step.do === "change") change(system, pick(rooms, step.room), pick(userNames, step.user));
  else if (step.do === "other") other(pick(rooms, step.room));
  else if (step.do === "drop") drop(system, pick(clients, step.client));
  else if (step.do === "come back") comeBack(system, pick(clients, step.client));
  else pick(clients, step.client).queue.shift()?.();
};

const now = (system: System): number => ++system.at;

const send = (system: System, room: Room, fate: Extract<Step, { do: "send" }>["fate"]): void => {
  const sendId = `send-${++system.sends}`;
  const sender = [...room.members][system.sends % Math.max(1, room.members.size)];
  if (sender === undefined) return;
  const print = `print of ${sendId}`;
  const { tenant } = room;
  system.entries.push({ kind: "invoke", at: now(system), sendId, tenant, room: room.room, sender, print });
  const row = { id: `id-${sendId}`, seq: room.log.length + 1, sendId, print, sender };
  if (fate === "ok" || fate === "stored, unknown") store(system, room, row);
  if (fate === "ok") system.unanswered.push({ kind: "ok", at: 0, sendId, id: row.id, seq: row.seq });
  else system.unanswered.push({ kind: fate === "refused" ? "fail" : "info", at: 0, sendId, reason: fate });
};

const answer = (system: System): void => {
  const next = system.unanswered.shift();
  if (next) system.entries.push({ ...next, at: now(system) });
};

const store = (system: System, room: Room, row: RowFact): void => {
  room.rows.push(row);
  room.log.push({ seq: row.seq, messageId: row.id });
  for (const client of system.clients) {
    if (!client.connected || client.tenant !== room.tenant || !room.members.has(client.user)) continue;
    client.queue.push(() => receive(system, client, room, row));
  }
};

const receive = (system: System, client: Client, { room }: Room, row: RowFact): void => {
  if (client.kind === "resuming" && client.shown.has(row.id)) return;
  client.shown.add(row.id);
  system.entries.push({ kind: "recv", at: now(system), ...placeOf(client, room), ...toSeen(row) });
};

const drop = (system: System, client: Client): void => {
  if (!client.connected) return;
  client.connected = false;
  client.queue.length = 0;
  const { client: name, epoch } = client;
  system.entries.push({ kind: "disconnect", at: now(system), client: name, epoch, reason: "transport close" });
};

const comeBack = (system: System, client: Client): void => {
  if (client.connected) return;
  client.connected = true;
  client.epoch++;
  system.entries.push({ kind: "connect", at: now(system), client: client.client, epoch: client.epoch });
  const own = system.rooms.filter(({ tenant, members }) => tenant === client.tenant && members.has(client.user));
  // It takes a while to read, and what is committed meanwhile comes live before or after.
  for (const room of own) client.queue.push(() => catchUp(system, client, room));
};

const catchUp = (system: System, client: Client, room: Room): void => {
  const { room: name, rows } = room;
  // Who was removed meanwhile is told that the room is not for it any more.
  if (client.holes.has(name) || !room.members.has(client.user)) {
    readAnew(system, client, room);
    return;
  }
  if (client.kind === "plain") {
    const messages = rows.map(toSeen);
    system.entries.push({ kind: "read", since: now(system), at: now(system), ...placeOf(client, name), messages });
  } else {
    for (const row of rows) receive(system, client, room, row);
  }
  system.entries.push({ kind: "synced", at: now(system), ...placeOf(client, name) });
};

/** What a client does that was added again: a resuming one is told that there is a hole. */
const readAnew = (system: System, client: Client, room: Room): void => {
  const place = placeOf(client, room.room);
  if (client.kind === "resuming") system.entries.push({ kind: "resync", at: now(system), ...place });
  client.holes.add(room.room);
  if (!room.members.has(client.user)) return;
  const unread = room.rows.filter(({ id }) => !client.shown.has(id));
  const messages = unread.map(toSeen);
  system.entries.push({ kind: "read", since: now(system), at: now(system), ...place, messages });
  if (client.kind === "resuming") for (const { id } of unread) client.shown.add(id);
  client.holes.delete(room.room);
  system.entries.push({ kind: "synced", at: now(system), ...place });
};

const change = (system: System, room: Room, user: string): void => {
  const { tenant, members, log } = room;
  const action = members.has(user) ? ("remove" as const) : ("add" as const);
  const since = now(system);
  const seq = log.length + 1;
  log.push({ seq, change: { action: action === "add" ? "joined" : "removed", users: [user] } });
  if (action === "add") members.add(user);
  else members.delete(user);
  for (const client of system.clients.filter((one) => one.user === user && one.tenant === tenant && one.connected)) {
    if (action === "add") client.queue.push(() => readAnew(system, client, room));
  }
  store(system, room, { id: `line-${room.room}-${seq}`, seq: seq + 1, sendId: null, print: "line", sender: user });
  const place = { tenant, room: room.room, user };
  system.entries.push({ kind: "membership", at: now(system), since, ...place, action, outcome: "ok" });
};

const other = ({ log }: Room): void => void log.push({ seq: log.length + 1 });

const placeOf = ({ client, epoch }: Client, room: string) => ({ client, epoch, room });

const createRoom = (tenant: string, room: string): Room => ({
  tenant,
  room,
  log: [{ seq: 1, change: { action: "joined", users: userNames } }],
  rows: [],
  members: new Set(userNames),
});

const createClient = (tenant: string, user: string, kind: ClientKind): Client => ({
  client: `${tenant}/${user}/${kind}`,
  kind,
  tenant,
  user,
  staysToTheEnd: true,
  epoch: 0,
  connected: false,
  queue: [],
  shown: new Set(),
  holes: new Set(),
});

const pick = <T>(from: readonly T[], n: number): T => from[n % from.length] as T;

const toSeen = ({ id, seq, sendId, print }: RowFact): Seen => ({ id, seq, sendId, print });

const toFacts = ({ client, kind, tenant, user, staysToTheEnd }: Client): ClientFacts => {
  return { client, kind, tenant, user, staysToTheEnd };
};

const toTruth = ({ tenant, room, log, rows }: Room): RoomTruth => ({
  tenant,
  room,
  log,
  rows,
  pages: rows.map(toSeen),
});
