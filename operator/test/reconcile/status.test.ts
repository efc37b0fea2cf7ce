import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readyDependents, toReady } from "../../src/reconcile/ready.ts";
import type { FoundCondition } from "../../src/reconcile/status.ts";
import { toStatus, writeStatus } from "../../src/reconcile/status.ts";
import type { ConditionType } from "../../src/tenant/conditions.ts";
import { conditions } from "../../src/tenant/conditions.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { testCondition, testTenant } from "./test-tenant.ts";

const types = Object.keys(conditions) as ConditionType[];
const later = new Date("2026-06-01T12:00:00.987Z");
const nothing = { conditions: [], status: {} };

const arbitraryFindings = fc.array(
  fc.record({
    type: fc.constantFrom(...types.filter((type) => type !== "Ready")),
    status: fc.constantFrom("True" as const, "False" as const, "Unknown" as const),
    reason: fc.constantFrom("Pending" as const, "InternalError" as const, "Refused" as const),
    message: fc.string({ maxLength: 2000 }),
    unfinished: fc.boolean(),
  }),
  { maxLength: 8 },
) as fc.Arbitrary<FoundCondition[]>;

describe("the status of a Tenant", () => {
  test("§5.3 create: every condition is there after the first visit, Unknown while nothing is known", () => {
    const status = toStatus(testTenant(), nothing, later);
    expect(status.conditions?.map(({ type }) => type)).toEqual(types);
    expect(new Set(status.conditions?.map((condition) => condition.status))).toEqual(new Set(["Unknown"]));
    expect(status.conditions?.[1]).toMatchObject({
      reason: "Pending",
      observedGeneration: 0,
      lastTransitionTime: "2026-06-01T12:00:00Z",
    });
  });

  test("pitfall 7: the same findings again change nothing, and a time moves with its status only", () => {
    fc.assert(
      fc.property(arbitraryFindings, arbitraryFindings, (first, second) => {
        const once = toStatus(testTenant(), { conditions: first, status: {} }, new Date("2026-02-01T00:00:00Z"));
        const again = toStatus(testTenant({ status: once }), { conditions: first, status: {} }, later);
        expect(again).toEqual(once);
        const changed = toStatus(testTenant({ status: once }), { conditions: second, status: {} }, later);
        for (const [n, condition] of (changed.conditions ?? []).entries()) {
          const before = once.conditions?.[n];
          const moved = condition.lastTransitionTime !== before?.lastTransitionTime;
          expect(moved).toBe(condition.status !== before?.status);
        }
      }),
    );
  });

  test("what a visit could not find out keeps the generation that was last looked at", () => {
    const before = testCondition({ type: "GatewayAvailable", reason: "Available", observedGeneration: 3 });
    const tenant = testTenant({ metadata: { generation: 4 }, status: { conditions: [before] } });
    const found = { type: "GatewayAvailable", status: "Unknown", reason: "InternalError", message: "" } as const;
    const generationOf = (unfinished: boolean) =>
      toStatus(tenant, { conditions: [{ ...found, unfinished }], status: {} }, later).conditions?.find(
        ({ type }) => type === "GatewayAvailable",
      )?.observedGeneration;
    expect(generationOf(true)).toBe(3);
    expect(generationOf(false)).toBe(4);
  });

  test("Ready is the first that is False, else the first that is Unknown, else True; autoscaling does not count", () => {
    const all = readyDependents.map((type) => testCondition({ type }));
    const off = testCondition({ type: "AutoscalingActive", status: "False", reason: "Disabled" });
    expect(toReady([...all, off])).toMatchObject({ type: "Ready", status: "True", reason: "Ready" });
    const unknown = testCondition({ type: "DatabaseReady", status: "Unknown", reason: "DatabaseUnavailable" });
    const failed = testCondition({ type: "Exposed", status: "False", reason: "NoAddress" });
    expect(toReady([...all.filter(({ type }) => type !== "DatabaseReady"), unknown]).reason).toBe(
      "DatabaseUnavailable",
    );
    expect(toReady([unknown, failed])).toMatchObject({ status: "False", reason: "NoAddress" });
  });

  test("is written by its own manager, upon the version that was seen, and only when it differs", async () => {
    const calls: unknown[] = [];
    const events: unknown[] = [];
    const remembered: unknown[] = [];
    const deps = {
      client: {
        apply: (_resource: unknown, object: Tenant, options: object) => {
          calls.push([object.metadata, options]);
          return Promise.resolve(object);
        },
      },
      events: { record: (_about: unknown, event: unknown) => void events.push(event) },
      clock: { date: () => later },
      remember: (...both: readonly Tenant[]) => void remembered.push(both),
    } as unknown as Parameters<typeof writeStatus>[0];
    const found = readyDependents.map((type) => testCondition({ type }));
    expect(await writeStatus(deps, testTenant(), { conditions: found, status: {} })).toBe(true);
    expect(calls).toEqual([
      [
        { name: "acme", namespace: "team", resourceVersion: "10" },
        { manager: "sendsar-operator/status", subresource: "status" },
      ],
    ]);
    expect(events).toEqual([expect.objectContaining({ type: "Normal", reason: "Ready" })]);
    expect(remembered).toHaveLength(1);
    const status = toStatus(testTenant(), { conditions: found, status: {} }, later);
    // The server may keep them in another order, and others may have added conditions of theirs.
    const foreign = { ...testCondition({ type: "Ready" }), type: "TeamApproved" } as never;
    const kept = { ...status, conditions: [...(status.conditions ?? []).toReversed(), foreign] };
    expect(await writeStatus(deps, testTenant({ status: kept }), { conditions: found, status: {} })).toBe(false);
    expect(calls).toHaveLength(1);
  });
});
