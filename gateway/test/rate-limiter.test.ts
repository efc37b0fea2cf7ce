import { rateLimits } from "@sendsar/protocol/rate-limits";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SharedRateLimiter } from "../src/chat/rate-limiter/rate-limiter.ts";
import { createRateLimiter } from "../src/chat/rate-limiter/rate-limiter.ts";
import { createTenantRates } from "../src/chat/rate-limiter/rates.ts";

/** Limiters that share a clock, as gateways do, and a tenant's own numbers where a test has some. */
const createScene = (stored: Readonly<Record<string, unknown>> = {}) => {
  const clock = { ms: 1000 };
  const errors: unknown[] = [];
  let readings = 0;
  const now = (): number => clock.ms;
  const createOne = (): SharedRateLimiter =>
    createRateLimiter({
      now,
      rates: createTenantRates({
        now,
        onError: (error) => void errors.push(error),
        read(tenantId) {
          readings++;
          const own = stored[tenantId];
          return own instanceof Error ? Promise.reject(own) : Promise.resolve(own);
        },
      }),
    });
  return { clock, errors, createOne, readings: () => readings };
};

/** Tries this many times at once, and answers how many got through. */
const tryMany = (limiter: SharedRateLimiter, times: number, userId = "ann"): number =>
  Array.from({ length: times }, () => limiter.take("a", userId, "send-message")).filter(({ allowed }) => allowed)
    .length;

const { user, tenant } = rateLimits["send-message"];
const perMs = user.count / (user.seconds * 1000);

describe("one gateway", () => {
  test("so many at once, then as many again in the window, at an even pace", () => {
    const { clock, createOne } = createScene();
    const limiter = createOne();
    expect(tryMany(limiter, user.count + 5)).toBe(user.count);
    clock.ms += 1 / perMs;
    expect(tryMany(limiter, 5)).toBe(1);
    clock.ms += user.seconds * 500;
    expect(tryMany(limiter, user.count)).toBe(user.count / 2);
    clock.ms += user.seconds * 10_000;
    expect(tryMany(limiter, user.count + 5)).toBe(user.count);
  });

  test("a refusal says when the next is free, and the next is free then and not before", () => {
    const { clock, createOne } = createScene();
    const limiter = createOne();
    tryMany(limiter, user.count);
    const { allowed, retryMs, remaining, limit } = limiter.take("a", "ann", "send-message");
    expect({ allowed, retryMs, remaining, limit }).toEqual({
      allowed: false,
      retryMs: 1 / perMs,
      remaining: 0,
      limit: user.count,
    });
    clock.ms += retryMs - 0.01;
    expect(tryMany(limiter, 1)).toBe(0);
    clock.ms += 0.01;
    expect(tryMany(limiter, 1)).toBe(1);
  });

  test("in no stretch of time more gets through than the burst and what drains meanwhile", () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 30 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (tries) => {
        const { clock, createOne } = createScene();
        const limiter = createOne();
        const passed: { at: number; count: number }[] = [];
        for (const [waitMs, times] of tries) {
          clock.ms += waitMs;
          passed.push({ at: clock.ms, count: tryMany(limiter, times) });
        }
        for (const [from, first] of passed.entries()) {
          let sum = 0;
          for (const { at, count } of passed.slice(from)) {
            sum += count;
            if (sum > user.count + (at - first.at) * perMs + 1e-6) return false;
          }
        }
        return true;
      }),
      { numRuns: 40 },
    );
  });

  test("a user over its limit takes nothing from the tenant, and a tenant over its own nothing from the user", () => {
    const { clock, createOne } = createScene();
    const limiter = createOne();
    tryMany(limiter, 1000);
    for (let n = 1; n < tenant.count / user.count; n++) expect(tryMany(limiter, user.count, `user-${n}`)).toBe(20);
    expect(limiter.take("a", "late", "send-message")).toMatchObject({ allowed: false, limit: tenant.count });
    expect(limiter.levels("a", "late")).toContainEqual(
      expect.objectContaining({ action: "send-message", scope: "user", remaining: user.count }),
    );
    clock.ms += 5;
    expect(limiter.take("a", "late", "send-message").allowed).toBe(true);
  });

  test("users, tenants and actions do not touch each other, whatever slashes are in a user's id", () => {
    const limiter = createScene().createOne();
    tryMany(limiter, 50, "x/y");
    const others = [
      ["a", "x"],
      ["a", "y"],
      ["a", "/x/y"],
      ["b", "x/y"],
    ] as const;
    for (const [tenantId, userId] of others) {
      expect(limiter.take(tenantId, userId, "send-message")).toMatchObject({ allowed: true, remaining: 19 });
    }
    expect(limiter.take("a", "x/y", "read").allowed).toBe(true);
  });

  test("a call that costs several takes several, and one that costs more than there is waits for all of it", () => {
    const { clock, createOne } = createScene();
    const limiter = createOne();
    expect(limiter.take("a", "ann", "send-message", 12).remaining).toBe(8);
    expect(limiter.take("a", "ann", "send-message", 9)).toMatchObject({ allowed: false, retryMs: 1 / perMs });
    clock.ms += user.seconds * 1000;
    expect(limiter.take("a", "ann", "send-message", user.count + 10)).toMatchObject({ allowed: true, remaining: 0 });
    clock.ms += 10 / perMs;
    expect(tryMany(limiter, 1)).toBe(0);
    clock.ms += 1 / perMs;
    expect(tryMany(limiter, 1)).toBe(1);
  });

  test("what has no number for the tenant is counted for the user alone, and for a backend not at all", () => {
    const limiter = createScene().createOne();
    const { count } = rateLimits.connect.user;
    for (let n = 0; n < count; n++) expect(limiter.take("a", "ann", "connect").allowed).toBe(true);
    expect(limiter.take("a", "ann", "connect").allowed).toBe(false);
    expect(limiter.take("a", undefined, "connect")).toMatchObject({ allowed: true, limit: Infinity });
  });

  test("levels tell a user its own and the tenant's, a backend the tenant's, and change nothing", () => {
    const { clock, createOne } = createScene();
    const limiter = createOne();
    tryMany(limiter, 5);
    clock.ms += 1 / perMs;
    const mine = limiter.levels("a", "ann").filter(({ action }) => action === "send-message");
    expect(mine).toEqual([
      { action: "send-message", scope: "user", limit: 20, windowSeconds: 2, remaining: 16, resetMs: 400 },
      { action: "send-message", scope: "tenant", limit: 400, windowSeconds: 2, remaining: 400, resetMs: 0 },
    ]);
    expect(limiter.levels("a", "ann").filter(({ action }) => action === "send-message")).toEqual(mine);
    expect(new Set(limiter.levels("a", undefined).map(({ scope }) => scope))).toEqual(new Set(["tenant"]));
    expect(limiter.levels("a", "nobody").every(({ remaining, limit }) => remaining === limit)).toBe(true);
  });
});

describe("a tenant's own numbers", () => {
  const own = { "send-message": { user: { count: 3, seconds: 1 } }, typing: { tenant: { count: 1, seconds: 9 } } };

  test("are in force once they are read, in place of the contract's and of no others", async () => {
    const { clock, createOne } = createScene({ a: own });
    const limiter = createOne();
    expect(limiter.take("a", "ann", "send-message").limit).toBe(user.count);
    await Promise.resolve();
    clock.ms += 10_000;
    expect(tryMany(limiter, 10)).toBe(3);
    expect(limiter.take("b", "ann", "send-message").limit).toBe(user.count);
    expect(limiter.take("a", "ann", "typing")).toMatchObject({ allowed: true, limit: 1 });
    expect(limiter.take("a", "bo", "typing").allowed).toBe(false);
  });

  test("are read again after five seconds, once for however many calls, and not for what others use", async () => {
    const { clock, createOne, readings } = createScene({ a: own });
    const limiter = createOne();
    tryMany(limiter, 100);
    limiter.hear([["b", "ann", "read", 5]]);
    expect(readings()).toBe(1);
    await Promise.resolve();
    clock.ms += 5001;
    tryMany(limiter, 100);
    expect(readings()).toBe(2);
  });

  test("I04 that cannot be read leave what was known, or the contract's, and nobody waits or is refused", async () => {
    const stored: Record<string, unknown> = { a: own, b: new Error("the database is away") };
    const { clock, errors, createOne, readings } = createScene(stored);
    const limiter = createOne();
    limiter.take("a", "ann", "send-message");
    limiter.take("b", "ann", "send-message");
    await Promise.resolve();
    stored["a"] = new Error("the database is away");
    clock.ms += 5001;
    expect(limiter.take("a", "ann", "send-message")).toMatchObject({ allowed: true, limit: 3 });
    await Promise.resolve();
    expect(limiter.take("a", "ann", "send-message").limit).toBe(3);
    expect(limiter.take("b", "ann", "send-message").limit).toBe(user.count);
    expect(errors.length).toBeGreaterThanOrEqual(2);
    // One try in five seconds, not one with every call.
    const before = readings();
    tryMany(limiter, 100);
    expect(readings()).toBe(before);
  });

  test("that make no sense are reported and not used", async () => {
    for (const bad of [{ "send-message": { user: { count: 0, seconds: 1 } } }, { typing: 5 }, "x", [1]]) {
      const { errors, createOne } = createScene({ a: bad });
      const limiter = createOne();
      limiter.take("a", "ann", "send-message");
      await Promise.resolve();
      expect(limiter.take("a", "ann", "send-message").limit).toBe(user.count);
      expect(errors).toHaveLength(1);
    }
  });
});
