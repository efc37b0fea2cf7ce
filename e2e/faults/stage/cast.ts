import { openProvisioner } from "../../../gateway/src/provisioning/provisioner.ts";
import type { Rest } from "../load/rest.ts";
import { createRest } from "../load/rest.ts";
import type { World } from "../world.ts";

/** A tenant with rooms and people, made for one row. */
export interface Troupe extends Disposable {
  readonly tenant: string;
  readonly apiKey: string;
  /** Calls with the tenant's API key. */
  readonly rest: Rest;
  readonly people: readonly Person[];
  /** Rooms by id, each with its members. The first of them is an operator. */
  readonly rooms: ReadonlyMap<string, readonly string[]>;
  /** In no room yet. */
  readonly guests: readonly Person[];
  /** Makes another room; its members are told like of any room. */
  addRoom(name: string, members: readonly string[]): Promise<string>;
}

export interface Person {
  readonly user: string;
  readonly token: string;
  readonly rooms: readonly string[];
}

export interface TroupeOptions {
  readonly tenant: string;
  readonly rooms: number;
  readonly users: number;
  readonly guests: number;
}

const sessionSeconds = 7200;
/** Calls under way at a time while the stage is set. */
const parallel = 8;

/** Makes the tenant, its users and its rooms. Every tenant has the same names for them. */
export const gatherTroupe = async (world: World, options: TroupeOptions): Promise<Troupe> => {
  const { apiKey } = await createTenant(world, options.tenant);
  return fillTenant({ origin: world.balancer.origin, apiKey }, options);
};

/** The same for a tenant that is there. */
export const fillTenant = async (
  { origin, apiKey }: { readonly origin: string; readonly apiKey: string },
  { tenant, rooms: roomCount, users: userCount, guests: guestCount }: TroupeOptions,
): Promise<Troupe> => {
  const rest = createRest({ origin, credentials: { "x-api-key": apiKey }, connectionsMax: parallel });
  const users = Array.from({ length: userCount }, (_, n) => `user-${n + 1}`);
  const members = Array.from({ length: roomCount }, (_, room) => users.filter((_user, n) => isIn(n, room, roomCount)));

  const rooms = new Map<string, readonly string[]>();
  const addRoom = async (name: string, ids: readonly string[]): Promise<string> => {
    const body = { name, externalId: name, participants: ids.map((id) => ({ id })), kind: "group" };
    const { id } = await require201(rest, "/chat/rooms", body);
    rooms.set(id, ids);
    return id;
  };
  await inParallel(members, (ids, n) => addRoom(`room-${n + 1}`, ids));
  const guests = Array.from({ length: guestCount }, (_, n) => `guest-${n + 1}`);
  await inParallel(guests, (id) => require201(rest, "/users", { id, username: id }));

  const admit = async (user: string): Promise<Person> => {
    const { token } = await require201(rest, "/auth/token", { userId: user, expiresIn: sessionSeconds });
    return { user, token, rooms: [...rooms].filter(([, ids]) => ids.includes(user)).map(([room]) => room) };
  };
  return {
    tenant,
    apiKey,
    rest,
    rooms,
    people: await inParallel(users, admit),
    guests: await inParallel(guests, admit),
    addRoom,
    [Symbol.dispose]: () => rest.close(),
  };
};

/** Everybody is in two rooms, which are not always the same two. */
const isIn = (user: number, room: number, rooms: number): boolean => {
  const first = user % rooms;
  const second = (first + 1 + (Math.floor(user / rooms) % (rooms - 1))) % rooms;
  return room === first || room === second;
};

const createTenant = async ({ database, masterKey }: World, tenantId: string): Promise<{ readonly apiKey: string }> => {
  await using provisioner = await openProvisioner({ databaseUrl: database.adminUrl, masterKey });
  return await provisioner.createTenant({ tenantId });
};

const require201 = async (rest: Rest, path: string, body: object) => {
  const answer = await rest.call("POST", path, body);
  if (answer.status > 201) throw new Error(`unable to set the stage; ${path} answered ${JSON.stringify(answer.body)}`);
  return answer.body;
};

const inParallel = async <T, R>(items: readonly T[], work: (item: T, n: number) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  let next = 0;
  const run = async (): Promise<void> => {
    for (let n = next++; n < items.length; n = next++) results[n] = await work(items[n] as T, n);
  };
  await Promise.all(Array.from({ length: parallel }, run));
  return results;
};
