import { expect } from "vitest";
import type { TestGateway, TestTenant } from "./gateway.ts";
import type { SeededRoom } from "./seed-room.ts";
import { seedRoom } from "./seed-room.ts";
import { runOn } from "./test-server.ts";
import { readTenantRows } from "./tenant-rows.ts";

/**
 * Gives a tenant rows in every table that has tenants, so that "none are left" and "none are seen" mean something. For
 * a new table this fails until something here makes a row in it.
 */
export const plantTenant = async (gateway: TestGateway, tenant: TestTenant): Promise<SeededRoom> => {
  const room = await seedRoom(tenant.api, { people: ["ann", "bo"], externalId: "planted" });
  await tenant.api.patch("/tenant/settings", { chat: { deletedMessageDisplay: "hidden" } });
  await runOn(
    gateway.database.adminUrl,
    `insert into sendsar.revocations (tenant_id, revocation_id, user_id, reason)
     values ('${tenant.tenantId}', gen_random_uuid(), 'nobody', 'user_deactivated')`,
  );
  const rows = await readTenantRows(gateway.database.adminUrl, tenant.tenantId);
  for (const [table, found] of Object.entries(rows)) expect(found, `rows planted in ${table}`).not.toEqual([]);
  return room;
};
