import { isDeepStrictEqual } from "node:util";
import { listPaths } from "@sendsar/gateway/chat/settings-merge";
import { Refused } from "../database/tenant-registry.ts";
import { toHash } from "../desired/template-hash.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { BoundDeps, BoundTenant } from "./deps.ts";
import type { Stage } from "./stage.ts";

/** The settings and quotas of the spec, in the database, where the gateways read them. No gateway is started anew for them. */
export const reconcileSettings: Stage<BoundDeps> = async ({ bound }, tenant) => {
  try {
    await putQuotas(bound, tenant);
    await putSettings(bound, tenant);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    // Trying again would be answered the same: whoever changes the spec brings the next visit.
    const { message } = error;
    return { condition: { type: "SettingsSynced", status: "False", reason: "RejectedByGateway", message } };
  }
  const { policy, values } = tenant.spec.settings;
  const enforcedKeys = policy === "Enforce" ? listPaths(values).toSorted() : [];
  return {
    condition: {
      type: "SettingsSynced",
      status: "True",
      reason: "Synced",
      message: `${enforcedKeys.length} settings are enforced; the others belong to the API.`,
    },
    status: { settings: { enforcedKeys, hash: toHash(values) } },
  };
};

const putQuotas = async ({ registry, tenantId, record }: BoundTenant, { spec }: Tenant): Promise<void> => {
  if (!isDeepStrictEqual(record.quotas, spec.quotas)) await registry.setQuotas(tenantId, { ...spec.quotas });
};

/**
 * `Enforce`: what the spec names is managed, what it no longer names keeps its value and is free. `Initialize`: managed for a
 * moment, so that the values are set, and free from then on. Whether that has been done tells the status; a visit that was
 * stopped before it wrote that does it again.
 */
const putSettings = async ({ registry, tenantId, record }: BoundTenant, tenant: Tenant): Promise<void> => {
  const { policy, values } = tenant.spec.settings;
  if (policy === "Enforce") {
    if (!isDeepStrictEqual(record.managedSettings, values)) await registry.setManagedSettings(tenantId, values);
    return;
  }
  const initialized = tenant.status?.settings?.hash !== undefined;
  if (!initialized) await registry.setManagedSettings(tenantId, values);
  if (!initialized || Object.keys(record.managedSettings).length > 0) await registry.setManagedSettings(tenantId, {});
};
