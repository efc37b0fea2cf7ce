import { describe, expect, test } from "vitest";
import { classifyError } from "../../src/kube/error-class.ts";
import { KubeError, KubeUnreachable } from "../../src/kube/kube-error.ts";
import { RetryLater, TerminalError } from "../../src/kube/reconcile-result.ts";

const answer = (status: number, more: object = {}): KubeError => new KubeError("no", { status, ...more });
const limited = { kind: "rate-limited", quiet: false };
const later = (afterMs: number): object => ({ kind: "retry-after", afterMs, quiet: true });

describe("the class of an error", () => {
  test.each([
    ["a retry that the code asks for", new RetryLater("soon", 700), later(700)],
    ["what no retry helps", new TerminalError("never"), { kind: "terminal", quiet: false }],
    ["pitfall 20: a conflict", answer(409, { reason: "Conflict" }), later(1000)],
    ["pitfall 19: there already, and not in the cache yet", answer(409, { reason: "AlreadyExists" }), later(1000)],
    [
      "E4: an answer with Retry-After",
      answer(429, { retryAfterMs: 7000 }),
      { kind: "retry-after", afterMs: 7000, quiet: false },
    ],
    [
      "pitfall 26: a namespace that is going away",
      answer(403, { namespaceTerminating: true }),
      { kind: "terminal", quiet: true },
    ],
    ["forbidden otherwise", answer(403), limited],
    ["a failure of the server", answer(500), limited],
    [
      "no answer, even for a reason that is a TypeError",
      new KubeUnreachable("no", { cause: new TypeError("terminated") }),
      limited,
    ],
    ["anything else", new Error("what"), limited],
    ["a mistake of the program", new TypeError("x is undefined"), { kind: "panic", quiet: false }],
    ["what is no error", "a text", { kind: "panic", quiet: false }],
    ["an error around one that is known", new Error("unable to apply", { cause: answer(409) }), later(1000)],
  ] as const)("%s", (_, error, expected) => {
    expect(classifyError(error)).toEqual(expected);
  });

  test("of several the one that wants the rate limiter decides, else the soonest; terminal only when all are", () => {
    const join = (...errors: unknown[]): object => classifyError(new AggregateError(errors));
    expect(join(new RetryLater("", 1), new Error("x"))).toEqual(limited);
    expect(join(new RetryLater("", 900), new TerminalError(""), new RetryLater("", 300))).toEqual({
      kind: "retry-after",
      afterMs: 300,
      quiet: false,
    });
    expect(join(new RetryLater("", 900), answer(409))).toEqual(later(900));
    expect(join(new TerminalError(""), new TerminalError(""))).toEqual({ kind: "terminal", quiet: false });
    expect(join(new Error("x"), new TypeError("y"))).toEqual({ kind: "panic", quiet: false });
  });
});
