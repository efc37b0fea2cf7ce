import { expect, test } from "vitest";
import { isOverdue } from "../../src/reconcile/deletion/drain-time.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";

const deletedAt = "2030-01-01T00:00:00Z";
const after = (seconds: number): Date => new Date(Date.parse(deletedAt) + seconds * 1000);
const tenant = (spec: unknown): Tenant =>
  ({ metadata: { name: "acme", deletionTimestamp: deletedAt }, spec }) as Tenant;

test("DE4 gateways are waited for as long as their grace period, and a minute more", () => {
  const patient = tenant({ gateway: { drain: { endpointLagSeconds: 100, spreadSeconds: 1000 } } });
  expect(isOverdue(patient, after(1175))).toBe(false);
  expect(isOverdue(patient, after(1176))).toBe(true);
});

test("DE4 DE5 a spec that says nothing of it has the defaults", () => {
  for (const spec of [undefined, {}, { gateway: {} }]) {
    expect(isOverdue(tenant(spec), after(130))).toBe(false);
    expect(isOverdue(tenant(spec), after(131))).toBe(true);
  }
});
