import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { plantTenant } from "../../scripts/testing/plant-tenant.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { Db } from "../src/store/db.ts";
import { openDb } from "../src/store/db.ts";
import { clearTenant } from "../src/store/tenant-clearing.ts";

// operator.md §2.6: a tenant with more rows than one statement can remove in its time can be deleted all the same.

let gateway: TestGateway;
let db: Db;
beforeAll(async () => {
  gateway = await startTestGateway();
  for (const tenant of [gateway.a, gateway.b]) await plantTenant(gateway, tenant);
  db = openDb({
    databaseUrl: gateway.database.adminUrl,
    poolMax: 2,
    role: "sendsar_provisioner",
    onConnectionError: () => undefined,
  });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

test("§2.6 of a small tenant nothing is removed before all of it is", async () => {
  await requireUnchanged(gateway.database.adminUrl, ["a", "b"], () => clearTenant(db, "a"));
});

test("§2.6 of a large one the rows go step by step, and those of another stay; suspended first, and ended by the deletion", async () => {
  await requireUnchanged(gateway.database.adminUrl, ["b"], () => clearTenant(db, "a", 1));
  const rows = await readTenantRows(gateway.database.adminUrl, "a");
  for (const table of ["events", "messages", "participants", "user_rooms", "upload_uses", "rooms", "users"]) {
    expect(rows[table], table).toEqual([]);
  }
  expect(rows["tenants"]?.join()).toContain('"status": "suspended"');
  // What it leaves in the store is found by the deletion.
  expect(rows["uploads"]).toHaveLength(1);
  await clearTenant(db, "a", 1);
  await gateway.provisioner.deleteTenant("a");
  const { revocations, file_removals, ...others } = await readTenantRows(gateway.database.adminUrl, "a");
  expect([revocations?.length, file_removals?.length]).toEqual([3, 2]);
  for (const [table, left] of Object.entries(others)) expect(left, table).toEqual([]);
});
