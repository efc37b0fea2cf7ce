import { describe, expect, test } from "vitest";
import type { KubeClient, WatchEvent } from "../../src/kube/kube-client.ts";
import { KubeError, KubeUnreachable } from "../../src/kube/kube-error.ts";
import type { KubeObject, Resource } from "../../src/kube/kube-object.ts";
import { createReflectors } from "../../src/kube/reflectors.ts";
import { createServerRecovery } from "../../src/kube/server-recovery.ts";
import type { WatchRetries } from "../../src/kube/watch-retries.ts";
import { createWatchRetries } from "../../src/kube/watch-retries.ts";
import type { TestClock } from "./test-clock.ts";
import { createTestClock } from "./test-clock.ts";

const unreachable = new KubeUnreachable("unable to watch; the API server gave no answer");
const signal = new AbortController().signal;

/** Fails so many times in a row, and lets the waits pass. */
const failTimes = async (clock: TestClock, retries: WatchRetries, times: number): Promise<void> => {
  for (let n = 0; n < times; n++) {
    retries.failed();
    const waited = retries.wait(unreachable, signal);
    await clock.advance(60_000);
    await waited;
  }
};

describe("when a watch tries again", () => {
  /** Two watches of one process; the second has failed often enough to wait for long. */
  const open = async (random = 0) => {
    const clock = createTestClock(() => random);
    const recovery = createServerRecovery();
    const [one, other] = [createWatchRetries(clock, recovery), createWatchRetries(clock, recovery)];
    await failTimes(clock, other, 6);
    one.failed();
    other.failed();
    let triedAt: number | undefined;
    const startedAt = clock.now();
    const wait = (failure: unknown = unreachable, by = signal) =>
      other.wait(failure, by).then(() => {
        triedAt = clock.now() - startedAt;
      });
    return { clock, recovery, one, other, wait, triedAt: () => triedAt };
  };

  test("§5.3 API down: the one that gets through ends the waits of the others, each at its own moment within a second", async () => {
    for (const random of [0, 0.5, 0.999]) {
      const { clock, one, wait, triedAt } = await open(random);
      const waited = wait();
      await clock.advance(5000);
      expect(triedAt()).toBeUndefined();
      one.answered();
      await clock.advance(1000);
      await waited;
      expect(triedAt()).toBe(5000 + 1000 * random);
    }
  });

  test("§5.3 reconnect rate: two tries of a watch are a second apart, however soon another one gets through", async () => {
    const { clock, one, wait, triedAt } = await open();
    const waited = wait();
    await clock.advance(1);
    one.answered();
    await clock.advance(2000);
    await waited;
    expect(triedAt()).toBe(1000);
  });

  test("E4: what Retry-After asked for is waited for, whatever others hear", async () => {
    const { clock, one, wait, triedAt } = await open();
    const waited = wait(new KubeError("too many requests", { status: 429, retryAfterMs: 20_000 }));
    await clock.advance(3000);
    one.answered();
    await clock.advance(30_000);
    await waited;
    expect(triedAt()).toBe(20_000);
  });

  test("an early try comes never later than the one that it is in place of", async () => {
    const { clock, one, wait, triedAt } = await open(0.999);
    const waited = wait();
    await clock.advance(59_900);
    one.answered();
    await clock.advance(1000);
    await waited;
    expect(triedAt()).toBeLessThanOrEqual(60_000);
  });

  test("who is early and fails again begins its back-off anew: a kind that is served late does not wait for long", async () => {
    const { clock, one, other, wait } = await open();
    const waited = wait();
    one.answered();
    await clock.advance(1000);
    await waited;
    other.failed();
    let tries = 0;
    const again = other.wait(unreachable, signal).then(() => tries++);
    await clock.advance(800);
    await again;
    expect(tries).toBe(1);
  });

  test("pitfall 2: a server that answers now and then brings nobody to more than eight tries in 30 s", async () => {
    const { clock, one, other } = await open();
    const tries: number[] = [];
    const stop = new AbortController();
    const trying = (async () => {
      for (;;) {
        other.failed();
        await other.wait(unreachable, stop.signal);
        tries.push(clock.now());
      }
    })().catch(() => undefined);
    for (let second = 0; second < 300; second++) {
      one.failed();
      one.answered();
      await clock.advance(1000);
    }
    stop.abort(new Error("stop"));
    await trying;
    expect(tries.length).toBeGreaterThan(10);
    for (const from of tries) {
      expect(tries.filter((at) => at >= from && at < from + 30_000).length).toBeLessThanOrEqual(8);
      expect(tries.filter((at) => at >= from && at < from + 5000).length).toBeLessThanOrEqual(4);
    }
  });

  test("one that never failed says nothing: a kind that is always refused keeps its pace beside healthy ones", async () => {
    const { clock, recovery, wait, triedAt } = await open();
    const healthy = createWatchRetries(clock, recovery);
    const waited = wait();
    healthy.answered();
    await clock.advance(29_999);
    expect(triedAt()).toBeUndefined();
    await clock.advance(1);
    await waited;
  });

  test("aborted, it ends with the signal's reason, also when an early try was due", async () => {
    const { clock, one, wait } = await open();
    const stop = new AbortController();
    const waited = wait(unreachable, stop.signal);
    await clock.advance(10);
    one.answered();
    stop.abort(new Error("stop"));
    await expect(waited).rejects.toThrow("stop");
    expect(clock.sleeps).toEqual([]);
  });
});

describe("the watches of a process", () => {
  const kinds = Array.from({ length: 12 }, (_, n) => `kind-${n}`);

  /** A server for many kinds: down, or up; what it was asked to watch from before it went down is gone. */
  const openServer = (clock: TestClock) => {
    const calls: { readonly plural: string; readonly verb: "list" | "watch"; readonly at: number }[] = [];
    const server = { isUp: true, version: 1, cut: () => undefined as void };
    let broken = Promise.withResolvers<void>();
    server.cut = () => {
      broken.resolve();
      broken = Promise.withResolvers<void>();
    };
    const answer = (verb: "list" | "watch", { plural }: Resource): void => {
      calls.push({ plural, verb, at: clock.now() });
      if (!server.isUp) throw unreachable;
    };
    const client: Pick<KubeClient, "list" | "watch"> = {
      list: async (resource) => {
        answer("list", resource);
        return { items: [], resourceVersion: String(server.version) };
      },
      async *watch<T extends KubeObject>(
        resource: Resource<T>,
        options: { readonly resourceVersion: string; readonly onOpen?: () => void },
        by: AbortSignal,
      ): AsyncGenerator<WatchEvent<T>> {
        answer("watch", resource);
        if (Number(options.resourceVersion) < server.version) throw new KubeError("expired", { status: 410 });
        options.onOpen?.();
        yield { type: "BOOKMARK", resourceVersion: String(server.version) };
        const stopped = Promise.withResolvers<void>();
        by.addEventListener("abort", () => stopped.resolve(), { once: true });
        await Promise.race([broken.promise, stopped.promise]);
        by.throwIfAborted();
        throw unreachable;
      },
    };
    return { server, client, calls };
  };

  test("§5.3 API down 60 s, history gone: all hold a new list within seconds of its return, by one list each", async () => {
    let seed = 5;
    const clock = createTestClock(() => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647);
    const { server, client, calls } = openServer(clock);
    const recovery = createServerRecovery();
    const stop = new AbortController();
    const running = kinds.map((plural) => {
      const resource: Resource = { apiVersion: "v1", kind: plural, plural };
      return createReflectors({ client, clock, resource, recovery }, []).run(stop.signal);
    });
    await clock.advance(10_000);
    server.isUp = false;
    server.cut();
    await clock.advance(60_000);
    for (const kind of kinds) {
      const tries = calls.filter(({ plural, at }) => plural === kind && at > 0);
      expect(tries.length).toBeGreaterThan(3);
      expect(tries.length).toBeLessThan(9);
    }
    Object.assign(server, { isUp: true, version: 2 });
    const backAt = clock.now();
    await clock.advance(60_000);
    const lists = calls.filter(({ verb, at }) => verb === "list" && at >= backAt);
    expect(lists.map(({ plural }) => plural).toSorted()).toEqual(kinds.toSorted());
    const last = Math.max(...lists.map(({ at }) => at)) - backAt;
    expect(last).toBeLessThan(15_000);
    // They do not come all at once.
    expect(new Set(lists.map(({ at }) => Math.floor(at / 100))).size).toBeGreaterThan(4);
    stop.abort(new Error("stop"));
    await Promise.all(running);
  });
});
