import type { ClientFacts, ClientKind, Entry, History, LogFact, RoomTruth, RowFact, Seen } from "../history.ts";

/** One step of a chat system that keeps every promise. Numbers choose among what is there, modulo how many there are. */
export type Step =
  | { readonly do: "send"; readonly room: number; readonly fate: "ok" | "stored, unknown" | "unknown" | "refused" }
  | { readonly do: "answer" }
  | { readonly do: "deliver"; readonly client: number }
  | { readonly do: "drop"; readonly client: number }
  | { readonly do: "come back"; readonly client: number }
  | { readonly do: "change"; readonly room: number; readonly user: number };

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

const usersPerTenant = 3;

/**
 * Plays the steps on a small system that does everything right: two tenants with the same user names, two rooms each, a
 * plain and a resuming client per user. At the end everybody comes back and everything is delivered.
 */
export const playGoodHistory = (steps: readonly Step[]): History => {
  const entries: Entry[] = [];
  let at = 0;
  const now = (): number => ++at;
  const rooms = ["a", "b"].flatMap((tenant) => [1, 2].map((n) => createRoom(tenant, `${tenant}-room-${n}`)));
  const clients = rooms
    .filter(({ room }) => room.endsWith("1"))
    .flatMap(({ tenant }) =>
      userNames.flatMap((user) => [createClient(tenant, user, "plain"), createClient(tenant, user, "resuming")]),
    );
  const unanswered: Entry[] = [];
  let sends = 0;

  const roomsOf = (client: Client): Room[] =>
    rooms.filter(({ tenant, members }) => tenant === client.tenant && members.has(client.user));

  const store = (room: Room, row: RowFact): void => {
    room.rows.push(row);
    room.log.push({ seq: row.seq, messageId: row.id });
    for (const client of clients) {
      if (!client.connected || client.tenant !== room.tenant || !room.members.has(client.user)) continue;
      client.queue.push(() => receive(client, room, row));
    }
  };

  const receive = (client: Client, { room }: Room, row: RowFact): void => {
    if (client.kind === "resuming" && client.shown.has(row.id)) return;
    client.shown.add(row.id);
    entries.push({ kind: "recv", at: now(), client: client.client, epoch: client.epoch, room, ...toSeen(row) });
  };

  const catchUp = (client: Client, room: Room): void => {
    const { room: name, rows } = room;
    const place = { client: client.client, epoch: client.epoch, room: name };
    // Who was removed meanwhile is told that the room is not for it any more.
    if (client.holes.has(name) || !room.members.has(client.user)) {
      readAnew(client, room);
      return;
    }
    if (client.kind === "plain") {
      entries.push({ kind: "read", since: now(), at: now(), ...place, messages: rows.map(toSeen) });
    } else {
      for (const row of rows) receive(client, room, row);
    }
    entries.push({ kind: "synced", at: now(), ...place });
  };

  const comeBack = (client: Client): void => {
    if (client.connected) return;
    client.connected = true;
    client.epoch++;
    entries.push({ kind: "connect", at: now(), client: client.client, epoch: client.epoch });
    // It takes a while to read, and what is committed meanwhile comes live before or after.
    for (const room of roomsOf(client)) client.queue.push(() => catchUp(client, room));
  };

  const drop = (client: Client): void => {
    if (!client.connected) return;
    client.connected = false;
    client.queue.length = 0;
    entries.push({
      kind: "disconnect",
      at: now(),
      client: client.client,
      epoch: client.epoch,
      reason: "transport close",
    });
  };

  const change = (room: Room, user: string): void => {
    const { tenant } = room;
    const action = room.members.has(user) ? ("remove" as const) : ("add" as const);
    const since = now();
    const seq = room.log.length + 1;
    room.log.push({ seq, change: { action: action === "add" ? "joined" : "removed", users: [user] } });
    if (action === "add") room.members.add(user);
    else room.members.delete(user);
    for (const client of clients.filter((one) => one.user === user && one.tenant === tenant && one.connected)) {
      if (action === "add") client.queue.push(() => readAnew(client, room));
    }
    store(room, { id: `line-${room.room}-${seq}`, seq: seq + 1, sendId: null, print: "line", sender: user });
    entries.push({ kind: "membership", at: now(), since, tenant, room: room.room, user, action, outcome: "ok" });
  };

  /** What a client does that was added again: a resuming one is told that there is a hole. */
  const readAnew = (client: Client, room: Room): void => {
    const place = { client: client.client, epoch: client.epoch, room: room.room };
    if (client.kind === "resuming") entries.push({ kind: "resync", at: now(), ...place });
    client.holes.add(room.room);
    if (!room.members.has(client.user)) return;
    const unread = room.rows.filter(({ id }) => !client.shown.has(id));
    entries.push({ kind: "read", since: now(), at: now(), ...place, messages: unread.map(toSeen) });
    if (client.kind === "resuming") for (const { id } of unread) client.shown.add(id);
    client.holes.delete(room.room);
    entries.push({ kind: "synced", at: now(), ...place });
  };

  const send = (room: Room, fate: Extract<Step, { do: "send" }>["fate"]): void => {
    const sendId = `send-${++sends}`;
    const sender = [...room.members][sends % Math.max(1, room.members.size)];
    if (sender === undefined) return;
    const { tenant } = room;
    const print = `print of ${sendId}`;
    entries.push({ kind: "invoke", at: now(), sendId, tenant, room: room.room, sender, print });
    const row = { id: `id-${sendId}`, seq: room.log.length + 1, sendId, print, sender };
    if (fate === "ok" || fate === "stored, unknown") store(room, row);
    if (fate === "ok") unanswered.push({ kind: "ok", at: 0, sendId, id: row.id, seq: row.seq });
    else unanswered.push({ kind: fate === "refused" ? "fail" : "info", at: 0, sendId, reason: fate });
  };

  const answer = (): void => {
    const next = unanswered.shift();
    if (next) entries.push({ ...next, at: now() });
  };

  const play = (step: Step): void => {
    if (step.do === "answer") answer();
    else if (step.do === "send") send(pick(rooms, step.room), step.fate);
    else if (step.do === "change") change(pick(rooms, step.room), pick(userNames, step.user));
    else if (step.do === "drop") drop(pick(clients, step.client));
    else if (step.do === "come back") comeBack(pick(clients, step.client));
    else pick(clients, step.client).queue.shift()?.();
  };

  for (const step of steps) play(step);
  while (unanswered.length > 0) answer();
  const quietAt = now();
  for (const client of clients) {
    comeBack(client);
    while (client.queue.length > 0) client.queue.shift()?.();
  }
  return { clients: clients.map(toFacts), entries, rooms: rooms.map(toTruth), quietAt, catchUpMsMax: at };
};

const userNames = Array.from({ length: usersPerTenant }, (_, n) => `user-${n + 1}`);

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
