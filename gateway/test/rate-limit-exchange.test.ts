import { rateLimits } from "@sendsar/protocol/rate-limits";
import { describe, expect, test } from "vitest";
import type { TestTimers } from "../../scripts/testing/test-timers.ts";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import type { SharedRateLimiter, Use } from "../src/chat/rate-limiter/rate-limiter.ts";
import { createRateLimiter } from "../src/chat/rate-limiter/rate-limiter.ts";
import { createTenantRates } from "../src/chat/rate-limiter/rates.ts";
import type { Bus } from "../src/realtime/cluster/bus.ts";
import { startRateLimitExchange } from "../src/realtime/cluster/rate-limit-exchange.ts";

interface Scene {
  readonly clock: { ms: number };
  readonly timers: TestTimers;
  readonly limiters: readonly SharedRateLimiter[];
  /** Everything that was sent, in messages. */
  readonly sent: (readonly Use[])[];
  /** Lets time pass for the limiters and their timers. */
  advance(ms: number): void;
  /** From now on nobody hears anybody. */
  silence(): void;
}

/** Gateways that share a clock and hear each other at once. */
const createScene = (gateways: number): Scene => {
  const clock = { ms: 0 };
  const timers = createTestTimers();
  const sent: (readonly Use[])[] = [];
  const listeners: ((uses: never) => void)[] = [];
  let silent = false;
  const limiters = Array.from({ length: gateways }, (_, self) => {
    const now = (): number => clock.ms;
    const rates = createTenantRates({ now, read: () => Promise.resolve(undefined), onError: () => undefined });
    const limiter = createRateLimiter({ rates, now });
    const bus: Bus = {
      send(_kind, message) {
        sent.push(message as readonly Use[]);
        if (!silent) for (const [other, hear] of listeners.entries()) if (other !== self) hear(message as never);
      },
      on: (_kind, listener) => void (listeners[self] = listener as never),
    };
    startRateLimitExchange(limiter, bus, timers);
    return limiter;
  });
  return {
    clock,
    timers,
    limiters,
    sent,
    advance(ms) {
      clock.ms += ms;
      timers.advance(ms);
    },
    silence: () => void (silent = true),
  };
};

/** Tries on all gateways in turn, evenly, for so long, and answers how much got through. */
const spread = (scene: Scene, perSecond: number, seconds: number, userId = "ann"): number => {
  let passed = 0;
  for (let n = 0; n < perSecond * seconds; n++) {
    if (scene.limiters[n % scene.limiters.length]?.take("a", userId, "send-message").allowed) passed++;
    scene.advance(1000 / perSecond);
  }
  return passed;
};

const { user } = rateLimits["send-message"];
const allowance = (seconds: number): number => user.count + (user.count / user.seconds) * seconds;

describe("several gateways", () => {
  test.for([2, 3, 5, 8])("I01 %i of them let through what one may, within a tenth", (gateways) => {
    const passed = spread(createScene(gateways), 50, 10);
    expect(passed).toBeGreaterThan(allowance(10) * 0.9);
    expect(passed).toBeLessThan(allowance(10) * 1.1);
  });

  test("I01 what got through too much in a rush is waited for before the next", () => {
    const scene = createScene(3);
    const rush = scene.limiters.flatMap((limiter) =>
      Array.from({ length: 50 }, () => limiter.take("a", "ann", "send-message")),
    );
    expect(rush.filter(({ allowed }) => allowed)).toHaveLength(3 * user.count);
    scene.advance(50);
    for (const limiter of scene.limiters) {
      const { retryMs } = limiter.take("a", "ann", "send-message");
      // Two windows to pay back, and the next one.
      expect(retryMs).toBeGreaterThan(2 * user.seconds * 1000);
      expect(retryMs).toBeLessThan(2.2 * user.seconds * 1000);
    }
    const total = 3 * user.count + spread(scene, 50, 20);
    expect(total).toBeLessThan(allowance(20) * 1.1);
  });

  test("I04 that do not hear each other hold the limit each by itself", () => {
    const scene = createScene(3);
    scene.silence();
    const passed = spread(scene, 150, 4);
    expect(passed).toBeGreaterThan(allowance(4) * 2.9);
    expect(passed).toBeLessThanOrEqual(allowance(4) * 3);
  });

  test("nobody is told of those who are far below their limits", () => {
    const scene = createScene(2);
    for (let n = 0; n < 100; n++) {
      scene.limiters[0]?.take("a", `user-${n}`, "connect");
      scene.advance(1000);
    }
    expect(scene.sent).toEqual([]);
    expect(scene.timers.running).toEqual([]);
  });
});

describe("messages", () => {
  test("one in 50 ms for a user and the tenant, however much is used, and none when nothing is", () => {
    const scene = createScene(2);
    const [limiter] = scene.limiters;
    for (let n = 0; n < 10; n++) limiter?.take("a", "ann", "send-message");
    expect(scene.sent).toEqual([]);
    scene.advance(50);
    expect(scene.sent).toEqual([[["a", "ann", "send-message", 10]]]);
    scene.advance(50);
    scene.advance(50);
    expect(scene.sent).toHaveLength(1);
    expect(scene.timers.running).toEqual([]);
    limiter?.take("a", "ann", "send-message");
    scene.advance(50);
    expect(scene.sent.at(-1)).toEqual([["a", "ann", "send-message", 1]]);
  });

  test("fit into a notification, whatever the users are called, and lose nobody when there are many", () => {
    const scene = createScene(2);
    const [here, there] = scene.limiters;
    const userIds = Array.from({ length: 1200 }, (_, n) => `${n}${"\u0001ខ".repeat(100)}`);
    for (const userId of userIds) for (let n = 0; n < 30; n++) here?.take("a", userId, "connect");
    const rounds = [50, 50, 50].map((ms) => {
      const before = scene.sent.length;
      scene.advance(ms);
      return scene.sent.length - before;
    });
    expect(rounds).toEqual([8, 8, 8]);
    while (scene.timers.running.length > 0) scene.advance(50);
    for (const message of scene.sent) expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(7000);
    const told = scene.sent.flat();
    expect(told.map(([, userId, , count]) => [userId, count])).toEqual(userIds.map((userId) => [userId, 30]));
    for (const userId of userIds) expect(there?.take("a", userId, "connect").remaining).toBeLessThan(180);
  });

  test("of another version, or of things that this one does not know, are heard as far as they are known", () => {
    const [limiter] = createScene(1).limiters;
    limiter?.hear([
      ["a", "ann", "teleport" as never, 3],
      ["a", "ann", "constructor" as never, 3],
      ["a", "ann", "send-message", Number.NaN],
      ["a", "ann", "send-message", -5],
      ["a", "", "connect", 5],
      ["a", "ann", "send-message", 2],
    ]);
    expect(limiter?.take("a", "ann", "send-message").remaining).toBe(user.count - 3);
  });

  test("that claim too much are believed up to ten times the limit", () => {
    const { limiters } = createScene(1);
    limiters[0]?.hear([["a", "ann", "send-message", 1e9]]);
    expect(limiters[0]?.take("a", "ann", "send-message").retryMs).toBeLessThan(10 * user.seconds * 1000);
  });
});
