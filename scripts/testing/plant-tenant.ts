import { expect } from "vitest";
import type { TestGateway, TestTenant } from "./gateway.ts";
import { sampleFiles } from "./sample-files.ts";
import type { SeededRoom } from "./seed-room.ts";
import { seedRoom } from "./seed-room.ts";
import { runOn } from "./test-server.ts";
import { readTenantRows } from "./tenant-rows.ts";
import { filePart, uploadFile } from "./upload-file.ts";

/**
 * Gives a tenant rows in every table that has tenants, so that "none are left" and "none are seen" mean something. For
 * a new table this fails until something here makes a row in it.
 */
export const plantTenant = async (
  gateway: TestGateway,
  tenant: TestTenant,
): Promise<SeededRoom & { readonly uploadId: string }> => {
  const room = await seedRoom(tenant.api, { people: ["ann", "bo"], externalId: "planted" });
  await tenant.api.patch("/tenant/settings", { chat: { deletedMessageDisplay: "hidden" } });
  await tenant.api.call("POST", "/users", { id: "ann", username: "Ann" }, { "idempotency-key": "planted" });
  await tenant.api.post("/tenant-apps", { appCode: "planted", pushyConfig: { apiKey: "planted" } });
  await tenant.api.post("/users/ann/device-tokens", { provider: "FCM", token: "planted" });
  const { png } = sampleFiles;
  const uploadId = await uploadFile(tenant.api, png);
  await tenant.api.post(`/chat/rooms/${room.roomId}/messages`, { senderId: "ann", parts: [filePart(uploadId, png)] });
  const deleted = await tenant.api.post("/chat/rooms", { name: "Deleted", participants: [{ id: "ann" }] });
  await tenant.api.call("DELETE", `/chat/rooms/${deleted.body.id}`);
  await runOn(
    gateway.database.adminUrl,
    `insert into sendsar.rooms_to_clear (tenant_id, room_id) values ('${tenant.tenantId}', '${deleted.body.id}')`,
    `insert into sendsar.revocations (tenant_id, revocation_id, user_id, reason)
     values ('${tenant.tenantId}', gen_random_uuid(), 'nobody', 'user_deactivated')`,
    `insert into sendsar.tenant_bindings (tenant_id, namespace, name, uid)
     values ('${tenant.tenantId}', 'planted', 'planted', gen_random_uuid())`,
    // The row alone: a role would outlive the test's database.
    `insert into sendsar.gateway_logins (tenant_id, login, password_hash)
     values ('${tenant.tenantId}', 'planted_${tenant.tenantId}', sha256('planted'))`,
  );
  // The fence of operators is the deployment's, and no tenant's.
  const { operator_fence, ...rows } = await readTenantRows(gateway.database.adminUrl, tenant.tenantId);
  expect(operator_fence).toEqual([]);
  for (const [table, found] of Object.entries(rows)) expect(found, `rows planted in ${table}`).not.toEqual([]);
  return { ...room, uploadId };
};
