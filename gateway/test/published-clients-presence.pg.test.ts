import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { PublishedClient } from "../../scripts/testing/published-client.ts";
import { connectPublishedClient } from "../../scripts/testing/published-client.ts";
import type { TwoGateways } from "../../scripts/testing/published-scene.ts";
import { createPublishedScene, startTwoGateways } from "../../scripts/testing/published-scene.ts";
import type { TestTimers } from "../../scripts/testing/test-timers.ts";
import { createLongTestTimers } from "../../scripts/testing/test-timers.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";

// What the published clients rely on (contract §16), as they do it, on two gateways over one database: who is online.
// Waits of seconds pass when the test says so; it is alone in its file, so that all that waits is its own.

let gateways: TwoGateways;
let timers: TestTimers;
beforeAll(async () => {
  timers = createLongTestTimers(5000);
  gateways = await startTwoGateways({ timers });
});
afterAll(() => gateways[Symbol.asyncDispose]());

/** Whether a client has been told, after its snapshot, that a user is online, and then not; in order. */
const toldOf = ({ socket }: PublishedClient, { userId }: { readonly userId: string }): boolean[] =>
  socket.of("tenant-presence").flatMap((told) => (told.userId === userId ? [told.online] : []));

describe("W22 offline is told late", () => {
  test("W22 a session that is renewed by a new socket, at the other gateway, is never seen as away", async () => {
    const { one, apiUrls } = gateways;
    using scene = await createPublishedScene(gateways);
    const dee = await createTestUser(one, one.a);
    const connect = (apiUrl: string) => connectPublishedClient(apiUrl, { token: dee.token, userId: dee.id });
    const first = await connect(apiUrls[0]);
    for (const { socket } of [scene.ann, scene.bo]) {
      await socket.next("tenant-presence", ({ userId }) => userId === dee.id);
    }
    await closeAndCount(first);
    timers.advance(limits.presenceOfflineDelayMs - 1);
    const second = await connect(apiUrls[1]);
    // Until the first gateway has heard of it, too.
    await vi.waitFor(() => expect(timers.running).not.toContain(1), { interval: 5 });
    timers.advance(limits.presenceOfflineDelayMs);
    await closeAndCount(second);
    timers.advance(limits.presenceOfflineDelayMs);
    for (const watching of [scene.ann, scene.bo]) {
      await watching.socket.next("tenant-presence", ({ userId, online }) => userId === dee.id && !online);
      expect(toldOf(watching, { userId: dee.id })).toEqual([true, false]);
    }
    expect([...loggedFailures(gateways.one), ...loggedFailures(gateways.two)]).toEqual([]);
  });
});

/** Closes a client and waits until both gateways count the time in which it may come back. */
const closeAndCount = async (client: PublishedClient): Promise<void> => {
  const counting = (): number => timers.running.filter((ms) => ms === limits.presenceOfflineDelayMs).length;
  const before = counting();
  client[Symbol.dispose]();
  await vi.waitFor(() => expect(counting()).toBe(before + 2), { interval: 5 });
};
