import type { ClientFacts, Entry, History, LogFact, RoomTruth, RowFact } from "./history.ts";

/** All that is known of one sending. */
export interface SendFacts {
  readonly invoke: Extract<Entry, { kind: "invoke" }>;
  answer: Extract<Entry, { kind: "ok" | "fail" | "info" }> | undefined;
}

/** From when to when somebody is in a room: after `joinSeq`, before `leaveSeq`. */
export interface Interval {
  readonly joinSeq: number;
  leaveSeq: number;
}

/** A room, ready to be looked things up in. */
export interface RoomFacts {
  readonly truth: RoomTruth;
  /** Rows by place; `order` gives each its number among the messages of the room, from 0. */
  readonly bySeq: ReadonlyMap<number, RowFact>;
  readonly order: ReadonlyMap<number, number>;
  readonly byId: ReadonlyMap<string, RowFact>;
  readonly intervals: ReadonlyMap<string, readonly Interval[]>;
}

/** What one client got of one room, in the order of time. */
export interface View {
  readonly client: ClientFacts;
  readonly room: string;
  readonly entries: Entry[];
}

/** A history, indexed once so that every rule is a single pass. */
export interface Facts {
  readonly history: History;
  readonly sends: ReadonlyMap<string, SendFacts>;
  /** Rows by sending: one for each, if all is well. */
  readonly rowsOfSend: ReadonlyMap<string, readonly RowFact[]>;
  readonly rooms: ReadonlyMap<string, RoomFacts>;
  readonly clients: ReadonlyMap<string, ClientFacts>;
  /** By client, then by room. A member who got nothing has an empty view. */
  readonly views: ReadonlyMap<string, ReadonlyMap<string, View>>;
  /** Connects and disconnects, by client. */
  readonly connections: ReadonlyMap<string, readonly Entry[]>;
}

/** Indexes a history. Linear in its size. */
export const gatherFacts = (history: History): Facts => {
  const clients = new Map(history.clients.map((client) => [client.client, client]));
  const rooms = new Map(history.rooms.map((truth) => [truth.room, toRoomFacts(truth)]));
  return {
    history,
    sends: gatherSends(history.entries),
    rowsOfSend: gatherRowsOfSends(history.rooms),
    rooms,
    clients,
    views: gatherViews(history, clients, rooms),
    connections: gatherConnections(history.entries),
  };
};

/** True if the place is inside the user's membership. */
export const isMemberAt = (room: RoomFacts, user: string, seq: number): boolean =>
  (room.intervals.get(user) ?? []).some(({ joinSeq, leaveSeq }) => joinSeq < seq && seq < leaveSeq);

/** True if the user is in the room at the end. */
export const isMemberNow = (room: RoomFacts, user: string): boolean =>
  room.intervals.get(user)?.at(-1)?.leaveSeq === Infinity;

const toRoomFacts = (truth: RoomTruth): RoomFacts => ({
  truth,
  bySeq: new Map(truth.rows.map((row) => [row.seq, row])),
  order: new Map(truth.rows.map((row, index) => [row.seq, index])),
  byId: new Map(truth.rows.map((row) => [row.id, row])),
  intervals: toIntervals(truth.log),
});

const toIntervals = (log: readonly LogFact[]): ReadonlyMap<string, readonly Interval[]> => {
  const intervals = new Map<string, Interval[]>();
  for (const { seq, change } of log) {
    for (const user of change?.users ?? []) {
      const own = intervals.get(user) ?? [];
      intervals.set(user, own);
      if (change?.action === "joined") own.push({ joinSeq: seq, leaveSeq: Infinity });
      else if (own.length > 0) (own.at(-1) as Interval).leaveSeq = seq;
    }
  }
  return intervals;
};

const gatherSends = (entries: readonly Entry[]): ReadonlyMap<string, SendFacts> => {
  const sends = new Map<string, SendFacts>();
  for (const entry of entries) {
    if (entry.kind === "invoke") sends.set(entry.sendId, { invoke: entry, answer: undefined });
    if (entry.kind === "ok" || entry.kind === "fail" || entry.kind === "info") {
      const send = sends.get(entry.sendId);
      if (send) send.answer = entry;
    }
  }
  return sends;
};

const gatherRowsOfSends = (rooms: readonly RoomTruth[]): ReadonlyMap<string, readonly RowFact[]> => {
  const rowsOfSend = new Map<string, RowFact[]>();
  for (const { rows } of rooms) {
    for (const row of rows) {
      if (row.sendId === null) continue;
      const own = rowsOfSend.get(row.sendId);
      if (own) own.push(row);
      else rowsOfSend.set(row.sendId, [row]);
    }
  }
  return rowsOfSend;
};

const gatherViews = (
  { entries }: History,
  clients: ReadonlyMap<string, ClientFacts>,
  rooms: ReadonlyMap<string, RoomFacts>,
): ReadonlyMap<string, ReadonlyMap<string, View>> => {
  const views = new Map<string, Map<string, View>>();
  const viewOf = (client: ClientFacts, room: string): View => {
    const own = views.get(client.client) ?? new Map<string, View>();
    views.set(client.client, own);
    const view = own.get(room) ?? { client, room, entries: [] };
    own.set(room, view);
    return view;
  };
  const byUser = Map.groupBy(clients.values(), ({ tenant, user }) => JSON.stringify([tenant, user]));
  for (const [room, { truth, intervals }] of rooms) {
    for (const user of intervals.keys()) {
      for (const client of byUser.get(JSON.stringify([truth.tenant, user])) ?? []) viewOf(client, room);
    }
  }
  for (const entry of entries) {
    if (!("client" in entry) || !("room" in entry)) continue;
    const client = clients.get(entry.client);
    if (client) viewOf(client, entry.room).entries.push(entry);
  }
  return views;
};

const gatherConnections = (entries: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> => {
  const connections = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (entry.kind !== "connect" && entry.kind !== "disconnect") continue;
    const own = connections.get(entry.client) ?? [];
    connections.set(entry.client, own);
    own.push(entry);
  }
  return connections;
};
