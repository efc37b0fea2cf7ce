import type { Db, Statement } from "./db.ts";

/** What a tenant has of its own in place of the contract's rate limits, as provisioning stored it. */
export const findOwnRateLimits = async (db: Db, tenantId: string): Promise<unknown> => {
  const [row] = await db.query<{ readonly own: unknown }>(tenantId, selectOwn, [tenantId]);
  return row?.own ?? undefined;
};

const selectOwn: Statement = {
  name: "select-own-rate-limits",
  text: "select quotas -> 'rateLimits' as own from tenants where tenant_id = $1",
};
