import fc from "fast-check";
import { expect, test } from "vitest";
import type { HeldLogin, LoginInput } from "../../src/reconcile/rotation/next-login-step.ts";
import { nextLoginStep } from "../../src/reconcile/rotation/next-login-step.ts";

const at = (seconds: number): string => new Date(Date.parse("2030-01-01T00:00:00Z") + seconds * 1000).toISOString();
const inForce = { id: "a", statedId: "a", createdAt: at(0) };

const input = (held: Partial<HeldLogin>, changes: Partial<LoginInput> = {}): LoginInput => ({
  held: { retiring: [], ...held },
  policy: {},
  databaseTime: at(10),
  inUse: false,
  ...changes,
});

test("LG1 a password is pending before its login is made", () => {
  expect(nextLoginStep(input({}))).toEqual({ do: "write-pending" });
  expect(nextLoginStep(input({ pendingId: "b" }))).toEqual({ do: "promote", id: "b" });
  expect(nextLoginStep(input({ current: inForce, pendingId: "b" }))).toEqual({ do: "promote", id: "b" });
});

test("LG2 LG4 the old login goes when no pod uses it, and the next is not begun before", () => {
  const rotating = { current: inForce, retiring: ["old"] };
  const due = { policy: { rotateEverySeconds: 5 } };
  expect(nextLoginStep(input(rotating, { ...due, inUse: true })).do).toBe("nothing");
  expect(nextLoginStep(input(rotating, due))).toEqual({ do: "remove-others", keepId: "a" });
  expect(nextLoginStep(input({ current: inForce }, due))).toEqual({ do: "write-pending" });
  expect(nextLoginStep(input({ current: inForce }, { ...due, databaseTime: at(4) }))).toEqual({
    do: "nothing",
    afterMs: 1000,
  });
});

test("LG3 a password that is not the one of its id is replaced", () => {
  const altered = { current: { ...inForce, id: "x" } };
  expect(nextLoginStep(input(altered))).toEqual({ do: "write-pending" });
});

test("LG1 LG2 wherever visits end, pods that run can log in and one login is left", () => {
  const fault = fc.constantFrom("none", "refused", "answer-lost");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fault, fc.integer({ min: 0, max: 30 }), fc.boolean()), { maxLength: 60 }),
      (story) => {
        const world = createLoginWorld();
        for (const [meets, seconds, roll] of story) {
          world.step(meets);
          world.pass(seconds);
          if (roll) world.roll();
        }
        for (let round = 0; round < 10; round++) {
          world.step("none");
          world.roll();
        }
        expect(world.logins).toEqual(new Set([world.secret.current?.id]));
      },
    ),
    { numRuns: 300 },
  );
});

/** A Secret, the logins of the database, and pods that keep the login they started with; due every 100 s. */
const createLoginWorld = () => {
  let now = 0;
  let made = 0;
  let secret: HeldLogin = { retiring: [] };
  const logins = new Set<string>();
  let pods: string[] = [];
  const take = (): void => {
    const inUse = pods.some((pod) => pod !== secret.current?.id);
    const step = nextLoginStep({ held: secret, policy: { rotateEverySeconds: 100 }, databaseTime: at(now), inUse });
    if (step.do === "write-pending") secret = { ...secret, pendingId: `login-${++made}` };
    if (step.do === "promote") {
      logins.add(step.id);
      const before = secret.current?.id;
      const retiring = [...secret.retiring, ...(before === undefined ? [] : [before])].filter((id) => id !== step.id);
      secret = { current: { id: step.id, statedId: step.id, createdAt: at(now) }, retiring };
    }
    if (step.do === "remove-others") {
      for (const id of logins) if (id !== step.keepId) logins.delete(id);
      secret = { ...secret, retiring: [] };
    }
    for (const pod of pods) if (!logins.has(pod)) throw new Error("broken: a pod is shut out");
  };
  return {
    logins,
    get secret() {
      return secret;
    },
    step(fault: string) {
      const before = secret;
      take();
      // What the database has done stays; the Secret's write after it never arrived. A lost answer leaves both.
      if (fault === "refused") secret = before;
    },
    pass(seconds: number) {
      now += seconds;
    },
    /** A pod ends, and another starts with what the Secret has. */
    roll() {
      const id = secret.current?.id;
      if (id !== undefined) pods = [...pods.slice(-2).slice(1), id];
    },
  };
};
