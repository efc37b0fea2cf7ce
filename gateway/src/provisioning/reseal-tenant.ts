import type { KeyRing } from "../auth/key-ring.ts";
import type { SealedRow } from "../auth/seal.ts";
import { appSecretBelongsTo, secretBelongsTo } from "../auth/seal.ts";
import type { Db } from "../store/db.ts";
import type { SealedSecretRow } from "../store/sealed-rows.ts";
import { listSealedRows, replaceSealedRow } from "../store/sealed-rows.ts";

/**
 * Seals with the tenant's own key what the master key sealed before tenants had keys, so that a gateway that has the tenant's
 * key and not the master key can open it. Answers how many there were. Nothing is written when there were none; may be
 * repeated wherever it broke off, and beside gateways that write.
 */
export const resealTenant = async (db: Db, keys: KeyRing, tenantId: string): Promise<number> => {
  const old = (await listSealedRows(db, tenantId)).filter((row) => !keys.isOwn(row.sealed.masterKeyId, tenantId));
  for (const row of old) {
    const belongsTo = belongingOf(tenantId, row);
    await replaceSealedRow(db, tenantId, row, keys.seal(keys.open(row.sealed, belongsTo), belongsTo));
  }
  return old.length;
};

const belongingOf = (tenantId: string, row: SealedSecretRow): SealedRow =>
  row.table === "tenant_secrets"
    ? secretBelongsTo(tenantId, row.kind, row.secretId)
    : appSecretBelongsTo(tenantId, row.appCode, row.provider);
