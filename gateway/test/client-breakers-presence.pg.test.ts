import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import type { TestSocket } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { TestTimers } from "../../scripts/testing/test-timers.ts";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §5.3. Time passes when a test says so.

let gateway: TestGateway;
let timers: TestTimers;
/** Somebody in each tenant who is there all the time, and sees that a test's people are gone before the next one. */
let witnesses: readonly { readonly user: TestUser; readonly socket: TestSocket }[];
beforeAll(async () => {
  timers = createTestTimers();
  gateway = await startTestGateway({ timers });
  const users = [await createTestUser(gateway, gateway.a), await createTestUser(gateway, gateway.b)];
  witnesses = await Promise.all(users.map(async (user) => ({ user, socket: await user.connect() })));
});
afterAll(async () => {
  for (const { socket } of witnesses) socket.socket.disconnect();
  await gateway[Symbol.asyncDispose]();
});
afterEach(async () => {
  await vi.waitFor(() => {
    timers.advance(limits.presenceOfflineDelayMs);
    for (const { user, socket } of witnesses) expect(onlineAfter(socket).filter((id) => id !== user.id)).toEqual([]);
  });
  expect(loggedFailures(gateway)).toEqual([]);
});

/** Who is online by what a socket was told since it connected. */
const onlineAfter = (socket: TestSocket): string[] => {
  const online = new Map(socket.of("tenant-presence").map((told) => [told.userId, told.online]));
  return [...online].flatMap(([userId, isOnline]) => (isOnline ? [userId] : []));
};

const createUser = (): Promise<TestUser> => createTestUser(gateway, gateway.a);

/** What a socket was told of a user, in order. */
const toldOf = (socket: TestSocket, user: TestUser): boolean[] =>
  socket.of("tenant-presence").flatMap(({ userId, online }) => (userId === user.id ? [online] : []));

/** Closes a socket and waits until the gateway counts its user's time. */
const closeLast = async (socket: TestSocket): Promise<void> => {
  const counting = (): number => timers.running.filter((ms) => ms === limits.presenceOfflineDelayMs).length;
  const before = counting();
  socket.socket.disconnect();
  await vi.waitFor(() => expect(counting()).toBe(before + 1), { interval: 5 });
};

/** Who is in a socket's snapshot, the witnesses apart. */
const snapshotOf = async (socket: TestSocket): Promise<string[]> => {
  const { onlineUserIds } = await socket.next("tenant-presence-snapshot");
  return onlineUserIds.filter((id: string) => witnesses.every(({ user }) => user.id !== id)).toSorted();
};

/** What the next socket of somebody who has one already is told. */
const snapshotFor = async (user: TestUser): Promise<string[]> => {
  using socket = await user.connect();
  return await snapshotOf(socket);
};

describe("CB 5.3 presence in the tenant", () => {
  test("CB 5.3 every connect is answered with a snapshot that has everybody, the connecting user included", async () => {
    const [user, peer] = [await createUser(), await createUser()];
    using first = await user.connect();
    expect(await snapshotOf(first)).toEqual([user.id]);
    using second = await peer.connect();
    expect(await snapshotOf(second)).toEqual([user.id, peer.id].toSorted());
    using again = await user.connect();
    expect(await snapshotOf(again)).toEqual([user.id, peer.id].toSorted());
  });

  test("CB 5.3 others hear at once who comes online, with the first socket only", async () => {
    const [user, peer, last] = [await createUser(), await createUser(), await createUser()];
    using watching = await user.connect();
    using _phone = await peer.connect();
    using _tablet = await peer.connect();
    using _last = await last.connect();
    await watching.next("tenant-presence", ({ userId }) => userId === last.id);
    expect(toldOf(watching, peer)).toEqual([true]);
  });

  test("CB 5.3 offline is told ten seconds after the last socket closed, not before", async () => {
    expect(limits.presenceOfflineDelayMs).toBe(10_000);
    const [user, peer] = [await createUser(), await createUser()];
    using watching = await user.connect();
    using phone = await peer.connect();
    using tablet = await peer.connect();
    await watching.next("tenant-presence", ({ userId }) => userId === peer.id);
    phone.socket.disconnect();
    await closeLast(tablet);
    timers.advance(limits.presenceOfflineDelayMs - 1);
    expect(await snapshotFor(user)).toContain(peer.id);
    expect(toldOf(watching, peer)).toEqual([true]);
    timers.advance(1);
    await watching.next("tenant-presence", ({ userId, online }) => userId === peer.id && !online);
    expect(toldOf(watching, peer)).toEqual([true, false]);
    expect(await snapshotFor(user)).not.toContain(peer.id);
  });

  test("CB 5.3 whoever is back in time was never away: a reload or a renewed token does not flicker", async () => {
    const [user, peer, last] = [await createUser(), await createUser(), await createUser()];
    using watching = await user.connect();
    for (let reload = 0; reload < 3; reload++) {
      using socket = await peer.connect();
      await closeLast(socket);
      timers.advance(limits.presenceOfflineDelayMs - 1);
    }
    using _back = await peer.connect();
    timers.advance(limits.presenceOfflineDelayMs * 10);
    using _last = await last.connect();
    await watching.next("tenant-presence", ({ userId }) => userId === last.id);
    expect(toldOf(watching, peer)).toEqual([true]);
    expect(await snapshotFor(user)).toContain(peer.id);
  });

  test("CB 5.3 the same user id in another tenant is somebody else", async () => {
    const here = await createUser();
    const there = await createTestUser(gateway, gateway.b, here.id);
    const watcher = await createTestUser(gateway, gateway.b);
    using watching = await watcher.connect();
    using _here = await here.connect();
    expect(await snapshotFor(watcher)).toEqual([watcher.id]);
    using theirs = await there.connect();
    await watching.next("tenant-presence", ({ userId, online }) => userId === there.id && online);
    await closeLast(theirs);
    timers.advance(limits.presenceOfflineDelayMs);
    await watching.next("tenant-presence", ({ userId, online }) => userId === there.id && !online);
    expect(await snapshotFor(here)).toContain(here.id);
  });
});
