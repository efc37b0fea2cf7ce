import { limits } from "@sendsar/protocol/limits";
import { describe, expect, test } from "vitest";
import { createAttempts } from "../src/chat/attempts.ts";
import { ChatError } from "../src/chat/chat-error.ts";

const max = limits.wrongCredentialsPerMinuteMax;

/** Addresses that try credentials, on a clock of the test's own. */
const createScene = () => {
  const clock = { ms: 0 };
  const attempts = createAttempts(() => clock.ms);
  let verified = 0;
  const attempt = async (address: string, outcome: "right" | Error, known = false): Promise<string> => {
    try {
      return await attempts.check(
        address,
        () => known,
        async () => {
          verified++;
          if (outcome !== "right") throw outcome;
          return outcome;
        },
      );
    } catch (error) {
      return error instanceof ChatError ? error.code : String(error);
    }
  };
  const wrong = (address: string) => attempt(address, new ChatError("unauthorized"));
  return { clock, attempt, wrong, verified: () => verified };
};

/** One after the other. */
const repeat = async (times: number, act: () => Promise<string>): Promise<Record<string, number>> => {
  const outcomes: Record<string, number> = {};
  for (let n = 0; n < times; n++) {
    const outcome = await act();
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
};

describe("A18 wrong credentials of one address", () => {
  test("are checked as long as it is within the limit, and then refused unseen", async () => {
    const { wrong, verified } = createScene();
    expect(await repeat(1000, () => wrong("one"))).toEqual({ unauthorized: max, rate_limited: 1000 - max });
    expect(verified()).toBe(max);
    expect(await wrong("two")).toBe("unauthorized");
  });

  test("are let try again at the pace of the limit", async () => {
    const { clock, wrong } = createScene();
    await repeat(max, () => wrong("one"));
    clock.ms += 59_999 / max;
    expect(await wrong("one")).toBe("rate_limited");
    clock.ms += 2;
    expect(await repeat(2, () => wrong("one"))).toEqual({ unauthorized: 1, rate_limited: 1 });
    clock.ms += 60_000;
    expect(await repeat(max + 1, () => wrong("one"))).toEqual({ unauthorized: max, rate_limited: 1 });
  });

  test("that are known here are checked all the same: what is right is right, what is wrong is refused", async () => {
    const { attempt, wrong } = createScene();
    await repeat(max, () => wrong("one"));
    expect(await attempt("one", "right", true)).toBe("right");
    expect(await attempt("one", new ChatError("unauthorized"), true)).toBe("rate_limited");
    expect(await attempt("one", new ChatError("tenant_suspended"), true)).toBe("tenant_suspended");
    expect(await attempt("one", "right", false)).toBe("rate_limited");
  });

  test("are what is counted, and not what is right, may not, or cannot be told", async () => {
    const { attempt, wrong } = createScene();
    await repeat(max * 2, () => attempt("one", "right"));
    await repeat(max * 2, () => attempt("one", new ChatError("user_deactivated")));
    await repeat(max * 2, () => attempt("one", new Error("the database is away")));
    expect(await wrong("one")).toBe("unauthorized");
  });

  test("at the same time are no more than one after the other", async () => {
    const { wrong } = createScene();
    const outcomes = await Promise.all(Array.from({ length: 1000 }, () => wrong("one")));
    expect(outcomes.filter((outcome) => outcome === "unauthorized")).toHaveLength(max);
  });
});
