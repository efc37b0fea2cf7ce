import fc from "fast-check";
import { expect, test } from "vitest";
import { deriveTenantId, toTenantId } from "../../src/reconcile/tenant-id.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";

const pattern = /^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$/;
const namespaces = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const names = fc.stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/);

test("CL1 an id that is made fits the pattern, whatever namespace and name are, and is always the same", () => {
  fc.assert(
    fc.property(namespaces, names, (namespace, name) => {
      const id = deriveTenantId(namespace, name);
      expect(id).toMatch(pattern);
      expect(deriveTenantId(namespace, name)).toBe(id);
    }),
  );
  expect(deriveTenantId("n".repeat(63), "t".repeat(40))).toHaveLength(48);
});

test("CL1 namespaces and names that read alike make different ids", () => {
  expect(deriveTenantId("team", "shop-blue")).not.toBe(deriveTenantId("team-shop", "blue"));
  expect(deriveTenantId("a".repeat(60), "b")).not.toBe(deriveTenantId("a".repeat(60), "c"));
});

test("CL1 the status is stronger than the spec, and the spec than a rule", () => {
  const tenant = (spec: object, status?: object) =>
    ({ metadata: { namespace: "a", name: "b" }, spec, status }) as Tenant;
  expect(toTenantId(tenant({}))).toBe(deriveTenantId("a", "b"));
  expect(toTenantId(tenant({ tenantId: "acme" }))).toBe("acme");
  expect(toTenantId(tenant({ tenantId: "acme" }, { tenantId: "before" }))).toBe("before");
});
