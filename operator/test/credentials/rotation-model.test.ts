import fc from "fast-check";
import { expect, test } from "vitest";
import { toCredentialId } from "../../src/reconcile/rotation/credential-id.ts";
import { retiringMax } from "../../src/reconcile/rotation/next-step.ts";
import type { Fault } from "./rotation-world.ts";
import { createWorld } from "./rotation-world.ts";

type World = ReturnType<typeof createWorld>;

const faults = fc.array(fc.constantFrom<Fault>("none", "none", "refused", "answer-lost"), { maxLength: 12 });

const visits = faults.map((list) => (world: World) => world.visit(list));
const deeds = fc.oneof(
  { weight: 6, arbitrary: visits },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 200_000 }).map((s) => async (world: World) => world.pass(s)) },
  { weight: 2, arbitrary: fc.constantFrom("", "1", "2").map((t) => async (world: World) => world.setToken(t)) },
  { weight: 1, arbitrary: fc.constant(async (world: World) => world.deleteSecret()) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("value" as const, "statedId" as const, "pending" as const)
      .map((part) => async (world: World) => world.alter(part, "tampered")),
  },
  { weight: 1, arbitrary: fc.nat(5).map((index) => async (world: World) => world.loseRow(index)) },
  { weight: 1, arbitrary: fc.constantFrom(0, 60).map((s) => async (world: World) => world.rotateByHand(s)) },
);

const policies = fc.record(
  { rotateEverySeconds: fc.constantFrom(3600, 86_400), overlapSeconds: fc.constantFrom(0, 60, 3000) },
  { requiredKeys: ["overlapSeconds"] },
);

/** Visits without faults until there is nothing left to do, or only to wait for; waiting takes no time. */
const settle = async (world: World): Promise<void> => {
  for (let round = 0; round < 40; round++) {
    const { step } = await world.visit();
    if (step?.do === "nothing") return;
    if (step?.do === "wait") world.pass(Math.ceil(step.afterMs / 1000));
  }
  throw new Error("broken: it does not come to rest");
};

test("RO2 RO12 whatever happens and wherever a visit ends: one key in force, its plain text in the Secret, readers never refused", async () => {
  await fc.assert(
    fc.asyncProperty(policies, fc.array(deeds, { maxLength: 40 }), async (policy, steps) => {
      const world = createWorld(policy);
      for (const step of steps) await step(world);
      await settle(world);
      expect(world.inForce).toEqual([toCredentialId("apiKey", world.value ?? "")]);
      expect(world.pending).toBeUndefined();
      expect(world.retiring.length).toBeLessThanOrEqual(retiringMax);
      expect((await world.visit()).writes).toBe(0);
    }),
    { numRuns: 400 },
  );
});

test("RO12 a visit that ends after any of its writes, or whose answer is lost, is finished by the next ones", async () => {
  for (const fault of ["refused", "answer-lost"] as const) {
    for (let done = 0; done < 12; done++) {
      const world = createWorld({ overlapSeconds: 60 });
      await settle(world);
      const old = world.value ?? "";
      world.setToken("again");
      await world.visit([...Array<Fault>(done).fill("none"), fault]);
      expect(world.accepts(world.value ?? "")).toBe(true);
      await settle(world);
      expect(world.value).not.toBe(old);
      expect(world.inForce).toHaveLength(1);
      expect(world.retiring.map(({ id }) => id)).toEqual([toCredentialId("apiKey", old)]);
      expect([...new Set(world.causes)]).toEqual(["created", "token"]);
      world.pass(59);
      expect(world.accepts(old)).toBe(true);
      world.pass(1);
      expect(world.accepts(old)).toBe(false);
      await settle(world);
      expect(world.retiring).toEqual([]);
      expect(world.accepts(world.value ?? "")).toBe(true);
    }
  }
});

test("RO6 one change of the token makes one new key, wherever the visits end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(faults, { maxLength: 6 }), async (runs) => {
      const world = createWorld({ overlapSeconds: 60 });
      await settle(world);
      const old = world.value;
      world.setToken("1");
      for (const run of runs) await world.visit(run);
      await settle(world);
      expect(world.value).not.toBe(old);
      expect(world.retiring).toHaveLength(1);
    }),
    { numRuns: 200 },
  );
});

test("RO6 the first token that is seen asks for nothing", async () => {
  const world = createWorld({ overlapSeconds: 60 });
  world.setToken("already there");
  await settle(world);
  const { value } = world;
  await settle(world);
  expect(world.value).toBe(value);
  expect(world.causes).toEqual(["created"]);
});

test("RO10 a Secret that somebody changes again and again makes so many keys and then waits", async () => {
  const world = createWorld({ overlapSeconds: 86_400 });
  await settle(world);
  for (let round = 0; round < 30; round++) {
    world.alter("value", `tampered ${round}`);
    await world.visit();
  }
  expect(world.retiring.length).toBeLessThanOrEqual(retiringMax);
  expect((await world.visit()).step?.do).toBe("wait");
  world.pass(86_401);
  await settle(world);
  expect(world.accepts(world.value ?? "")).toBe(true);
});
