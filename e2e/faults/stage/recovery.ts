import { waitUntil } from "../../../scripts/process/wait.ts";
import type { ChatClient } from "../clients/chat-client.ts";
import type { Load } from "../load/load.ts";
import type { Recorder } from "../load/recorder.ts";
import type { FaultDatabase } from "../processes/database.ts";
import type { Troupe } from "./cast.ts";
import type { RoomKey } from "./truth.ts";
import { readRows } from "./truth.ts";

const recoveryMsMax = 120_000;

/**
 * Waits until, in every room, a message was acknowledged that was sent after this call, and all steady members have it and
 * have no hole. Answers the milliseconds that took; throws when it takes too long.
 */
export const waitForRecovery = async ({
  recorder,
  troupes,
  steady,
  load,
}: {
  readonly recorder: Recorder;
  readonly troupes: readonly Troupe[];
  readonly steady: readonly ChatClient[];
  readonly load: Load;
}): Promise<number> => {
  const since = recorder.now();
  const rooms = troupes
    .flatMap(({ tenant, rooms: own }) => [...own].map(([room, users]) => ({ tenant, room, users })))
    .filter(({ room }) => load.rooms.has(room));
  const silent = (): readonly string[] =>
    rooms.map(({ room }) => room).filter((room) => (load.latest.get(room)?.at ?? 0) < since);
  if (!(await waitUntil(() => silent().length === 0, { limitMs: recoveryMsMax }))) {
    const tally = [...load.tally].map(([label, count]) => `${label}: ${count}`).join(", ");
    throw new Error(`unable to recover; nothing was acknowledged in ${silent().length} rooms (${tally})`);
  }
  const signs = rooms.flatMap(({ tenant, room, users }) => {
    const { id = "" } = load.latest.get(room) ?? {};
    const members = steady.filter(({ facts }) => facts.tenant === tenant && users.includes(facts.user));
    return members.map((client) => ({ client, room, id }));
  });
  const behind = () => signs.filter(({ client, room, id }) => !client.isSynced() || !client.has(room, id));
  if (!(await waitUntil(() => behind().length === 0, { limitMs: recoveryMsMax }))) {
    const names = [...new Set(behind().map(({ client }) => describe(client)))];
    throw new Error(`unable to recover; ${names.length} clients are behind: ${names.slice(0, 5).join("; ")}`);
  }
  return recorder.now() - since;
};

const describe = (client: ChatClient): string => {
  const { losses, refusals } = client.counts;
  const state = client.isSynced() ? "synced" : "not synced";
  return `${client.facts.client} (${client.facts.kind}, ${state}, ${losses} losses, refused: ${refusals.join(", ") || "never"})`;
};

/**
 * Waits, at most `limitMs`, until all clients are connected and have read what they missed; with a database also until
 * each has every message of the rooms that its user is in. Answers whether it came to that.
 */
export const waitForRest = async (options: {
  readonly clients: readonly ChatClient[];
  readonly limitMs: number;
  readonly database?: Pick<FaultDatabase, "query">;
  readonly rooms?: readonly RoomKey[];
}): Promise<boolean> => {
  const { clients, limitMs, database, rooms = [] } = options;
  if (!(await waitUntil(() => clients.every((client) => client.isSynced()), { limitMs }))) return false;
  if (!database) return true;
  const wanted = await findWanted(database, rooms, clients);
  return await waitUntil(() => wanted.every(({ client, room, ids }) => ids.every((id) => client.has(room, id))), {
    limitMs,
    everyMs: 100,
  });
};

interface Wanted {
  readonly client: ChatClient;
  readonly room: string;
  readonly ids: readonly string[];
}

const findWanted = async (
  database: Pick<FaultDatabase, "query">,
  rooms: readonly RoomKey[],
  clients: readonly ChatClient[],
): Promise<readonly Wanted[]> => {
  const rows = await readRows(database, rooms);
  const members = await database.query<{
    readonly tenant_id: string;
    readonly room_id: string;
    readonly user_id: string;
  }>(`select tenant_id, room_id, user_id from sendsar.participants`);
  const byUser = Map.groupBy(clients, ({ facts }) => JSON.stringify([facts.tenant, facts.user]));
  return members.flatMap(({ tenant_id, room_id: room, user_id }) => {
    const ids = (rows.get(room) ?? []).map(({ id }) => id);
    return (byUser.get(JSON.stringify([tenant_id, user_id])) ?? []).map((client) => {
      // Who came late need not have what was before.
      return { client, room, ids: user_id.startsWith("guest") ? ids.slice(-1) : ids };
    });
  });
};
