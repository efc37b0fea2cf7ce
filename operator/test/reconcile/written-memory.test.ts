import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Cache } from "../../src/kube/cache.ts";
import { createWrittenMemory } from "../../src/reconcile/written-memory.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { testTenant } from "./test-tenant.ts";

const key = "team/acme";
const at = (version: number): Tenant => testTenant({ metadata: { resourceVersion: String(version) } });
const versionOf = (tenant: Tenant | undefined): number => Number(tenant?.metadata.resourceVersion);

test("pitfall 19: a visit never sees a state that is older than what this process wrote, nor older than the watch tells", () => {
  // The server's history; writes of ours are bound to what we see, writes of others come in between.
  const step = fc.constantFrom("our write", "another's write", "the watch tells");
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let newest = 1;
      let told = 1;
      let ours = 1;
      const cache: Cache<Tenant> = { get: () => at(told), list: () => [at(told)], synced: true };
      const memory = createWrittenMemory(cache);
      for (const what of steps) {
        const seen = versionOf(memory.cache.get(key));
        expect(seen).toBeGreaterThanOrEqual(Math.max(told, ours));
        expect(versionOf(memory.cache.list()[0])).toBe(seen);
        if (what === "another's write") newest++;
        if (what === "the watch tells" && told < newest) told++;
        // Upon an old version the server refuses it.
        if (what === "our write" && seen === newest) {
          memory.remember(at(seen), at(++newest));
          ours = newest;
        }
      }
    }),
  );
});

test("what is gone is gone", () => {
  let there: Tenant | undefined = at(1);
  const memory = createWrittenMemory<Tenant>({ get: () => there, list: () => (there ? [there] : []), synced: true });
  memory.remember(at(1), at(2));
  expect(versionOf(memory.cache.get(key))).toBe(2);
  there = undefined;
  expect(memory.cache.get(key)).toBeUndefined();
  expect(memory.cache.list()).toEqual([]);
});
