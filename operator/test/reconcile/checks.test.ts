import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkTenant } from "../../src/reconcile/checks.ts";
import { toHosts } from "../../src/reconcile/observe.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { testTenant } from "./test-tenant.ts";

const check = (tenant: Tenant, rivals: readonly Tenant[] = []) => checkTenant({ tenant, rivals });
const exposed = (hosts: readonly string[]) => ({ exposure: { type: "Ingress" as const, hosts } });

describe("checks of a Tenant", () => {
  test("pause comes before everything, deletion too (§2.3)", () => {
    const annotations = { "chat.sendsar.com/paused": "true" };
    const deletionTimestamp = "2026-01-02T00:00:00Z";
    expect(check(testTenant({ metadata: { annotations, deletionTimestamp } })).kind).toBe("paused");
    expect(check(testTenant({ metadata: { deletionTimestamp } })).kind).toBe("deleting");
    const no = { "chat.sendsar.com/paused": "false" };
    expect(check(testTenant({ metadata: { annotations: no } })).kind).toBe("accepted");
  });

  test.each([
    [
      "PoolNotFound",
      { gateway: { ...testTenant().spec.gateway, mode: "Shared" as const, poolRef: { name: "small" } } },
    ],
    [
      "InvalidSpec",
      {
        gateway: {
          ...testTenant().spec.gateway,
          autoscaling: { minReplicas: 3, maxReplicas: 2, scaleDownStabilizationSeconds: 600 },
        },
      },
    ],
    ["InvalidSpec", { exposure: { type: "Ingress" as const } }],
    ["InvalidSpec", { exposure: { type: "HTTPRoute" as const, hosts: ["a.example"] } }],
  ])("%s is answered again here, should the schema not have refused it", (reason, spec) => {
    expect(check(testTenant({ spec }))).toMatchObject({ kind: "refused", accepted: { status: "False", reason } });
  });

  test("of any Tenants that name a host exactly one has it, whichever of them is asked", () => {
    const arbitraryTenant = fc.record({
      age: fc.integer({ min: 0, max: 3 }),
      wants: fc.boolean(),
      holds: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(arbitraryTenant, { minLength: 1, maxLength: 5 }), (drawn) => {
        const all = drawn.map(({ age, wants, holds }, n) =>
          testTenant({
            metadata: { name: `t${n}`, uid: `u-${n}`, creationTimestamp: `2026-01-0${age + 1}T00:00:00Z` },
            spec: exposed(wants ? ["shop.example", `own-${n}.example`] : [`own-${n}.example`]),
            ...(holds && { status: { endpoint: { hosts: ["shop.example"] } } }),
          }),
        );
        const asking = all.filter((tenant) => toHosts(tenant).includes("shop.example"));
        const winners = asking.filter((tenant) => {
          const verdict = check(
            tenant,
            asking.filter((other) => other !== tenant),
          );
          return verdict.kind === "accepted" && verdict.hostConflict === undefined;
        });
        expect(winners).toHaveLength(Math.min(1, asking.length));
        const holders = asking.filter(({ status }) => status?.endpoint?.hosts !== undefined);
        if (holders.length > 0) expect(holders).toContain(winners[0]);
      }),
    );
  });
});
