import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createBackoff } from "../../src/kube/backoff.ts";
import { createRateLimiter } from "../../src/kube/rate-limiter.ts";
import { createTokenBucket } from "../../src/kube/token-bucket.ts";
import { createTestClock } from "./test-clock.ts";

describe("the rate limiter of a queue", () => {
  test("doubles the wait of a key from 5 ms to at most 5 minutes", () => {
    const limiter = createRateLimiter({ clock: createTestClock(), burst: 1000 });
    const waits = Array.from({ length: 20 }, () => limiter.when("a"));
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(waits.slice(-3)).toEqual([300_000, 300_000, 300_000]);
    expect(limiter.failures("a")).toBe(20);
    limiter.forget("a");
    expect([limiter.failures("a"), limiter.when("a")]).toEqual([0, 5]);
  });

  test("a failure a thousand times over is still 5 minutes", () => {
    const limiter = createRateLimiter({ clock: createTestClock(), burst: 5000 });
    for (let n = 0; n < 2000; n++) limiter.when("a");
    expect(limiter.when("a")).toBe(300_000);
  });

  test("lets 100 keys fail at once, and then 10 a second", () => {
    const limiter = createRateLimiter({ clock: createTestClock() });
    const waits = Array.from({ length: 120 }, (_, n) => limiter.when(`k${n}`));
    expect(waits.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 5));
    expect(waits.slice(100, 103).map(Math.round)).toEqual([100, 200, 300]);
    expect(Math.round(waits[119] ?? 0)).toBe(2000);
  });
});

describe("a token bucket", () => {
  test("gives its burst at once and then so many a second", async () => {
    const clock = createTestClock();
    const bucket = createTokenBucket(clock, 2, 3);
    expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, true, false]);
    await clock.advance(500);
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
    expect([bucket.reserve(), bucket.reserve()]).toEqual([500, 1000]);
    await clock.advance(3_600_000);
    expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, true, false]);
  });

  test("is never fuller than its burst, and what was reserved comes evenly", () => {
    const pause = fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3000 }) });
    fc.assert(
      fc.property(fc.array(pause, { minLength: 1, maxLength: 100 }), (pauses) => {
        let now = 0;
        const bucket = createTokenBucket({ ...createTestClock(), now: () => now }, 10, 5);
        const given = pauses.map((ms) => {
          now += ms;
          return now + bucket.reserve();
        });
        // A second has room for the burst and ten more, wherever it begins.
        for (const from of given)
          expect(given.filter((at) => at >= from && at < from + 1000 - 1e-6).length).toBeLessThanOrEqual(15);
      }),
    );
  });
});

describe("the back-off of a watch", () => {
  test("pitfall 2: 0.8 s, doubled to 30 s, each lengthened by at most itself", () => {
    const shortest = createBackoff({ clock: createTestClock(() => 0) });
    expect(Array.from({ length: 8 }, shortest.next)).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    const longest = createBackoff({ clock: createTestClock(() => 0.999_999) });
    expect(Math.round(longest.next())).toBe(1600);
  });

  test("begins anew after two minutes of health, which do not count while it waits", async () => {
    const clock = createTestClock(() => 0);
    const backoff = createBackoff({ clock });
    for (let n = 0; n < 7; n++) await clock.advance(backoff.next());
    await clock.advance(119_000);
    expect(backoff.next()).toBe(30_000);
    await clock.advance(30_000 + 120_001);
    expect(backoff.next()).toBe(800);
  });
});
