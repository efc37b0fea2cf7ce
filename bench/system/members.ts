import type { Driver } from "../driver/driver.ts";
import type { MemberSpec, PostTarget, RoomTarget } from "../driver/protocol.ts";
import { onDatabase } from "./postgres.ts";
import type { Deployment } from "./sendsar.ts";
import { roomsByUser } from "./world.ts";

/** How far rooms have come, by their id. */
export type Heads = ReadonlyMap<string, number>;

/** How far the rooms of our gateways have come. */
export const readHeads = async (databaseUrl: string): Promise<Heads> =>
  await onDatabase(databaseUrl, async (client) => {
    const { rows } = await client.query<{ room_id: string; last_seq: string }>(
      "select room_id, last_seq from sendsar.rooms",
    );
    return new Map(rows.map(({ room_id: roomId, last_seq: lastSeq }) => [roomId, Number(lastSeq)]));
  });

/** One connection for each user of a world, spread over the servers in turn. Rooms that are not in `heads` are new. */
export const membersOf = async (
  driver: Driver,
  deployment: Deployment,
  tenant = 0,
  heads: Heads = new Map(),
): Promise<readonly MemberSpec[]> => {
  const { servers, headers, worlds } = deployment;
  const world = worlds[tenant];
  const [first] = servers;
  if (!world || !first) throw new Error("unable to connect members; there is no server or no world");
  const { tokens } = await driver.run({
    kind: "mint",
    url: first.url,
    path: "/v1/auth/token",
    headers: headers[tenant] ?? "",
    userIds: world.users,
  });
  const rooms = roomsByUser(world);
  return world.users.map((user, index) => {
    const pod = index % servers.length;
    const url = servers[pod]?.url ?? "";
    return { url, pod, token: tokens[index] ?? "", rooms: atHeads(rooms.get(user) ?? [], heads) };
  });
};

/** The rooms of a user, and where they stand. */
export const atHeads = (roomIds: readonly string[], heads: Heads = new Map()): Readonly<Record<string, number>> =>
  Object.fromEntries(roomIds.map((roomId) => [roomId, heads.get(roomId) ?? 0]));

/** Where a load posts: each server in turn. */
export const targetsOf = ({ servers }: Pick<Deployment, "servers">): readonly PostTarget[] =>
  servers.map(({ url }, pod) => ({ url, pod }));

/** The rooms of all worlds that a load writes to, in the name of each tenant's backend. */
export const roomTargetsOf = ({ worlds, headers }: Pick<Deployment, "worlds" | "headers">): readonly RoomTarget[] =>
  worlds.flatMap(({ rooms }, tenant) =>
    rooms.map(({ roomId, members }) => ({ roomId, senderIds: members, headers: headers[tenant] ?? "" })),
  );
