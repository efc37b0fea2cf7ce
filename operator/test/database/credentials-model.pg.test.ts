import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOn } from "../../../scripts/testing/test-server.ts";
import type { TenantRegistry } from "../../src/database/tenant-registry.ts";
import { Refused } from "../../src/database/tenant-registry.ts";
import type { TestRegistries } from "./test-registries.ts";
import { bindTestTenant, newKey, startTestRegistries } from "./test-registries.ts";

// operator.md §2.5: whatever is done to a tenant's keys, in whatever order and how often.

let it: TestRegistries;
beforeAll(async () => {
  it = await startTestRegistries();
});
afterAll(() => it[Symbol.asyncDispose]());

/** `which` picks one of the keys that are there, or were. */
type Step =
  | { readonly do: "add" }
  | { readonly do: "expire"; readonly which: number; readonly overlap: number }
  | { readonly do: "pass"; readonly seconds: number }
  | { readonly do: "remove" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ do: "add" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("expire" as const),
      // The newest is what a rotation names; now and then it is any.
      which: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(20) }),
      overlap: fc.constantFrom(0, 1000, 10_000, 100_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.constantFrom(500, 5000, 50_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "remove" as const }) },
);

/** What should be there: keys by id with their ends, in seconds since the beginning, and what time it is. */
interface Model {
  now: number;
  readonly ends: Map<string, number>;
}

const liveIn = ({ ends, now }: Model): string[] => [...ends].filter(([, end]) => end > now).map(([id]) => id);

/** Does it to the model. Answers whether the registry must refuse it. */
const expectOf = (model: Model, todo: Step, id: string): boolean => {
  if (todo.do === "add") {
    if (liveIn(model).length >= 12) return true;
    model.ends.set(id, Infinity);
  }
  if (todo.do === "expire") {
    if (model.ends.get(id) !== Infinity) return true;
    for (const [other, end] of model.ends) {
      if (other !== id) model.ends.set(other, Math.min(end, model.now + todo.overlap));
    }
  }
  if (todo.do === "pass") model.now += todo.seconds;
  if (todo.do === "remove") {
    for (const [other, end] of model.ends) if (end <= model.now) model.ends.delete(other);
  }
  return false;
};

const isRefused = (work: Promise<void>): Promise<boolean> =>
  work.then(
    () => false,
    (error: unknown) => {
      if (error instanceof Refused) return true;
      throw error;
    },
  );

test("§2.5 one key always works, never more than allowed, no end is ever put off, and each step repeated changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const { tenantId, registry, key, find } = await bindTestTenant(it.registries);
      const model: Model = { now: 0, ends: new Map([[key.id, Infinity]]) };
      const known: string[] = [key.id];
      for (const todo of steps) {
        const added = newKey();
        const id = todo.do === "expire" ? (known.at(todo.which % known.length) ?? "") : added.id;
        if (todo.do === "add") known.push(id);
        const work = workOf(registry, tenantId, todo, { ...added, id });
        const refused = expectOf(model, todo, id);
        expect(await isRefused(work()), JSON.stringify(todo)).toBe(refused);
        const rows = await readKeys(tenantId);
        if (todo.do !== "pass") {
          await isRefused(work());
          expect(await readKeys(tenantId)).toEqual(rows);
        }
        const { apiKeys, databaseTime } = await find();
        const found = new Map(apiKeys.map((one) => [one.id, Date.parse(one.expiresAt ?? "")]));
        expect(new Set(found.keys())).toEqual(new Set(model.ends.keys()));
        for (const [one, end] of model.ends) {
          const expected = end === Infinity ? Number.NaN : Date.parse(databaseTime) + (end - model.now) * 1000;
          // The real time that the steps took goes on beside the model's.
          if (end === Infinity) expect(found.get(one)).toBeNaN();
          else expect(Math.abs((found.get(one) ?? 0) - expected)).toBeLessThan(100_000);
        }
        expect(liveIn(model).length).toBeGreaterThan(0);
        expect(liveIn(model).length).toBeLessThanOrEqual(12);
      }
    }),
    { numRuns: 12 },
  );
});

/** The rows, each with the transaction that wrote it. */
const readKeys = (tenantId: string) =>
  runOn(it.database.adminUrl, `select xmin, * from sendsar.api_keys where tenant_id = '${tenantId}' order by key_id`);

const workOf =
  (registry: TenantRegistry, tenantId: string, todo: Step, key: { readonly id: string; readonly apiKey: string }) =>
  async (): Promise<void> => {
    switch (todo.do) {
      case "add":
        return await registry.addApiKey(tenantId, key);
      case "expire":
        return await registry.expireOthers(tenantId, "apiKey", key.id, todo.overlap);
      case "remove":
        return await registry.removeExpired(tenantId);
      case "pass":
        await runOn(
          it.database.adminUrl,
          `update sendsar.api_keys set expires_at = expires_at - interval '${todo.seconds} s'
           where tenant_id = '${tenantId}'`,
        );
    }
  };
