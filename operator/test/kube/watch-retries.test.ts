import { describe, expect, test } from "vitest";
import type { KubeClient, WatchEvent } from "../../src/kube/kube-client.ts";
import { KubeError, KubeUnreachable } from "../../src/kube/kube-error.ts";
import type { KubeObject, Resource } from "../../src/kube/kube-object.ts";
import { createReflectors } from "../../src/kube/reflectors.ts";
import { createServerRecovery } from "../../src/kube/server-recovery.ts";
import { createWatchRetries } from "../../src/kube/watch-retries.ts";
import type { TestClock } from "./test-clock.ts";
import { createTestClock } from "./test-clock.ts";

const unreachable = new KubeUnreachable("unable to watch; the API server gave no answer");
const signal = new AbortController().signal;
const request = { method: "GET", verb: "list", resource: "pods", host: "api", ms: 1 };
type Recovery = ReturnType<typeof createServerRecovery>;

/** The server does not answer for a while, and then answers. */
const recover = (recovery: Recovery, failures = 3, code = "<error>"): void => {
  for (let n = 0; n < failures; n++) recovery.finished({ ...request, code });
  recovery.finished({ ...request, code: "200" });
};

describe("a server answers again", () => {
  const countOf = (act: (recovery: Recovery) => void): number => {
    const recovery = createServerRecovery();
    let count = 0;
    using _ = recovery.listen(() => count++);
    act(recovery);
    return count;
  };

  test.each(["<error>", "401", "429", "500", "503"])("after three calls in a row that ended with %s", (code) => {
    expect(countOf((recovery) => recover(recovery, 3, code))).toBe(1);
    expect(countOf((recovery) => recover(recovery, 2, code))).toBe(0);
  });

  test.each(["403", "404", "409", "410"])("%s is an answer", (code) => {
    expect(countOf((recovery) => recover(recovery, 9, code))).toBe(0);
  });

  test("one kind that always fails, among others that do not, is no recovery each time", () => {
    const act = (recovery: Recovery): void => {
      for (let n = 0; n < 50; n++) recover(recovery, 1);
    };
    expect(countOf(act)).toBe(0);
  });

  test("who listens no more hears nothing", () => {
    const recovery = createServerRecovery();
    let count = 0;
    recovery.listen(() => count++)[Symbol.dispose]();
    recover(recovery);
    expect(count).toBe(0);
  });
});

describe("when a watch tries again", () => {
  /** A watch that has failed often enough to wait for long. */
  const open = async (random = 0) => {
    const clock = createTestClock(() => random);
    const recovery = createServerRecovery();
    const retries = createWatchRetries(clock, recovery);
    for (let n = 0; n < 6; n++) {
      const waited = retries.wait(unreachable, signal);
      await clock.advance(60_000);
      await waited;
    }
    let triedAt: number | undefined;
    const startedAt = clock.now();
    const wait = (failure: unknown = unreachable, by = signal) =>
      retries.wait(failure, by).then(() => {
        triedAt = clock.now() - startedAt;
      });
    return { clock, recovery, retries, wait, triedAt: () => triedAt };
  };

  test("§5.3 API down: a call that gets through ends the wait, at a moment of its own within a second", async () => {
    for (const random of [0, 0.5, 0.999]) {
      const { clock, recovery, wait, triedAt } = await open(random);
      const waited = wait();
      await clock.advance(5000);
      expect(triedAt()).toBeUndefined();
      recover(recovery);
      await clock.advance(1000);
      await waited;
      expect(triedAt()).toBe(5000 + 1000 * random);
    }
  });

  test("§5.3 reconnect rate: two tries of a watch are a second apart, however soon another call gets through", async () => {
    const { clock, recovery, wait, triedAt } = await open();
    const waited = wait();
    await clock.advance(1);
    recover(recovery);
    await clock.advance(2000);
    await waited;
    expect(triedAt()).toBe(1000);
  });

  test("E4: what Retry-After asked for is waited for, whatever gets through", async () => {
    const { clock, recovery, wait, triedAt } = await open();
    const waited = wait(new KubeError("too many requests", { status: 429, retryAfterMs: 20_000 }));
    await clock.advance(3000);
    recover(recovery);
    await clock.advance(30_000);
    await waited;
    expect(triedAt()).toBe(20_000);
  });

  test("an early try comes never later than the one that it is in place of", async () => {
    const { clock, recovery, wait, triedAt } = await open(0.999);
    const waited = wait();
    await clock.advance(59_900);
    recover(recovery);
    await clock.advance(1000);
    await waited;
    expect(triedAt()).toBeLessThanOrEqual(60_000);
  });

  test("who hears of it begins its back-off anew, asleep or not: a kind that is served late does not wait for long", async () => {
    for (const isAsleep of [true, false]) {
      const { clock, recovery, retries, wait } = await open();
      if (isAsleep) {
        const waited = wait();
        recover(recovery);
        await clock.advance(1000);
        await waited;
      } else recover(recovery);
      let tries = 0;
      const again = retries.wait(unreachable, signal).then(() => tries++);
      await clock.advance(800);
      await again;
      expect(tries).toBe(1);
    }
  });

  test("pitfall 2: a server that answers now and then brings nobody to more than six tries in 10 s", async () => {
    const { clock, recovery, retries } = await open();
    const tries: number[] = [];
    const stop = new AbortController();
    const trying = (async () => {
      for (;;) {
        await retries.wait(unreachable, stop.signal);
        tries.push(clock.now());
      }
    })().catch(() => undefined);
    for (let second = 0; second < 300; second++) {
      recover(recovery);
      await clock.advance(1000);
    }
    stop.abort(new Error("stop"));
    await trying;
    expect(tries.length).toBeGreaterThan(10);
    for (const from of tries) {
      expect(tries.filter((at) => at >= from && at < from + 10_000).length).toBeLessThanOrEqual(6);
    }
  });

  test("aborted, it ends with the signal's reason, also when an early try was due", async () => {
    const { clock, recovery, wait } = await open();
    const stop = new AbortController();
    const waited = wait(unreachable, stop.signal);
    await clock.advance(10);
    recover(recovery);
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
    const recovery = createServerRecovery();
    const answer = (verb: "list" | "watch", { plural }: Resource): void => {
      calls.push({ plural, verb, at: clock.now() });
      recovery.finished({ ...request, code: server.isUp ? "200" : "<error>" });
      if (!server.isUp) throw unreachable;
    };
    const client: Pick<KubeClient, "list" | "watch" | "recovery"> = {
      recovery,
      list: async (resource) => {
        answer("list", resource);
        return { items: [], resourceVersion: String(server.version) };
      },
      async *watch<T extends KubeObject>(
        resource: Resource<T>,
        options: { readonly resourceVersion: string },
        by: AbortSignal,
      ): AsyncGenerator<WatchEvent<T>> {
        answer("watch", resource);
        if (Number(options.resourceVersion) < server.version) throw new KubeError("expired", { status: 410 });
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
    const stop = new AbortController();
    const running = kinds.map((plural) => {
      const resource: Resource = { apiVersion: "v1", kind: plural, plural };
      return createReflectors({ client, clock, resource }, []).run(stop.signal);
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
