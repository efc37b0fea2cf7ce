import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SendsarError } from "../src/errors.ts";
import { type RetryPolicy, isTransient, parseRetryAfterMs, readPolicy, withRetry } from "../src/retry.ts";
import { backoffMs } from "../src/timing.ts";
import { failureOf } from "./failure-of.ts";
import { createTestClock } from "./test-clock.ts";

const policy: RetryPolicy = { attemptsMax: 4, elapsedMsMax: 10_000, baseMs: 1000, maxMs: 3000 };
const networkError = new SendsarError("unable to call /x; it is gone", { code: "network" });

/** Runs an operation that fails with these errors, one a try, and then succeeds; tells when each try began. */
async function tryWith(
  errors: readonly unknown[],
  { random = 0.5, ...options }: Partial<RetryPolicy> & { random?: number } = {},
) {
  const clock = createTestClock(0);
  const startsMs: number[] = [];
  const left = [...errors];
  const result = withRetry(
    { ...clock, random: () => random },
    { ...policy, ...options },
    new AbortController().signal,
    () => {
      startsMs.push(clock.now());
      return left.length > 0 ? Promise.reject(left.shift() as Error) : Promise.resolve("done");
    },
  ).catch((error: unknown) => error);
  await clock.advance(100_000);
  return { result: await result, startsMs, timersLeft: clock.pending() };
}

describe("withRetry", () => {
  test("says that it was aborted, whatever the abort made of the last try", async () => {
    const controller = new AbortController();
    const lastTry = { ...policy, attemptsMax: 1 };
    const result = withRetry({ ...createTestClock(), random: () => 0 }, lastTry, controller.signal, () => {
      controller.abort(new SendsarError("disconnect() was called", { code: "aborted" }));
      return Promise.reject(networkError);
    });
    expect(await failureOf(result)).toMatchObject({ code: "aborted" });
  });

  test("tries a failed call again after delays that double up to the longest", async () => {
    expect(await tryWith([networkError, networkError, networkError])).toEqual({
      result: "done",
      startsMs: [0, 1000, 3000, 6000],
      timersLeft: 0,
    });
  });

  test("ends with the last error when the tries are used up", async () => {
    const last = new SendsarError("busy", { code: "overloaded", status: 503 });
    const { result, startsMs } = await tryWith([networkError, networkError, networkError, last]);
    expect(result).toBe(last);
    expect(startsMs).toHaveLength(4);
  });

  test("starts no try later than the policy allows", async () => {
    const { result, startsMs } = await tryWith([networkError, networkError, networkError], { elapsedMsMax: 5999 });
    expect(result).toBe(networkError);
    expect(startsMs).toEqual([0, 1000, 3000]);
  });

  test("does not repeat what would fail again", async () => {
    const forbidden = new SendsarError("frozen", { code: "room_frozen", status: 403 });
    expect(await tryWith([forbidden])).toMatchObject({ result: forbidden, startsMs: [0] });
    const bug = new TypeError("a bug is no outage");
    expect(await tryWith([bug])).toMatchObject({ result: bug, startsMs: [0] });
  });

  test("waits as long as the server asks, and gives up at once when that is too long", async () => {
    const askedMs = (retryAfterMs: number) =>
      new SendsarError("slow down", { code: "rate_limited", status: 429, retryAfterMs });
    expect(await tryWith([askedMs(7000)])).toMatchObject({ result: "done", startsMs: [0, 7000] });
    const tooLong = askedMs(11_000);
    expect(await tryWith([tooLong])).toMatchObject({ result: tooLong, startsMs: [0] });
  });

  test("stops in the middle of a delay when it is aborted, and leaves no timer", async () => {
    const clock = createTestClock();
    const controller = new AbortController();
    const result = withRetry({ ...clock, random: () => 0 }, policy, controller.signal, () =>
      Promise.reject(networkError),
    );
    const failure = failureOf(result);
    await clock.advance(0);
    expect(clock.pending()).toBe(1);
    controller.abort(new SendsarError("disconnect() was called", { code: "aborted" }));
    expect((await failure).message).toBe("disconnect() was called");
    expect(clock.pending()).toBe(0);
  });
});

test("delays are spread over half to one and a half of the nominal one, and bounded", () => {
  fc.assert(
    fc.property(fc.nat(60), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, dice) => {
      const delayMs = backoffMs(readPolicy, attempt, () => dice);
      const nominalMs = Math.min(readPolicy.maxMs, readPolicy.baseMs * 2 ** attempt);
      return delayMs >= nominalMs * 0.5 && delayMs <= nominalMs * 1.5;
    }),
  );
});

test("what may be tried again: no answer, 429, 502, 503, 504; a session that could not be fetched, but not one that is over", () => {
  const withStatus = (status: number) => isTransient(new SendsarError("x", { code: `http_${status}`, status }));
  const statuses = [400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504];
  expect(statuses.filter(withStatus)).toEqual([429, 502, 503, 504]);
  const session = (status?: number) => isTransient(new SendsarError("x", { code: "session_unavailable", status }));
  expect([session(), session(503), session(500), session(401), session(403)]).toEqual([true, true, true, false, false]);
  expect(isTransient(new SendsarError("x", { code: "timeout" }))).toBe(true);
  expect(isTransient(new SendsarError("x", { code: "aborted" }))).toBe(false);
});

test("Retry-After is read as seconds or as a date", () => {
  const nowMs = Date.parse("2026-11-22T09:00:00.000Z");
  expect(parseRetryAfterMs("3", nowMs)).toBe(3000);
  expect(parseRetryAfterMs("Sun, 22 Nov 2026 09:00:05 GMT", nowMs)).toBe(5000);
  expect(parseRetryAfterMs("Sun, 22 Nov 2026 08:59:00 GMT", nowMs)).toBe(0);
  expect(parseRetryAfterMs("-4", nowMs)).toBe(0);
  expect(["soon", "", null].map((header) => parseRetryAfterMs(header, nowMs))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
