import type { KeyRing } from "@sendsar/gateway/auth/key-ring";
import {
  addApiKey,
  addSessionKey,
  addWebhookSecret,
  expireOtherCredentials,
  removeExpiredCredentials,
} from "@sendsar/gateway/provisioning/tenant-credentials";
import { setManagedSettings, setQuotas } from "@sendsar/gateway/provisioning/tenant-settings";
import { setTenantStatus } from "@sendsar/gateway/store/tenants";
import type { GuardedWrites } from "./guarded-writes.ts";
import type { TenantRegistry } from "./tenant-registry.ts";
import { Refused } from "./tenant-registry.ts";

/** The credentials of tenants that are there. */
export const toCredentialCalls = ({ write }: GuardedWrites, keys: KeyRing): CredentialCalls => ({
  addApiKey: (tenantId, key) => write("add an API key to", tenantId, (db) => addApiKey(db, tenantId, key)),
  addWebhookSecret: (tenantId, secret) =>
    write("add a webhook secret to", tenantId, (db) => addWebhookSecret({ db, keys }, tenantId, secret)),
  addSessionKey: (tenantId, id) =>
    write("add a session key to", tenantId, (db) => addSessionKey({ db, keys }, tenantId, id)),
  expireOthers: (tenantId, kind, keepId, overlapSeconds) =>
    write("end credentials of", tenantId, (db) =>
      expireOtherCredentials(db, tenantId, kind, { keepId, overlapSeconds }),
    ),
  removeExpired: (tenantId) => write("remove credentials of", tenantId, (db) => removeExpiredCredentials(db, tenantId)),
});

/** What a resource sets for its tenant. */
export const toSettingCalls = ({ write }: GuardedWrites): SettingCalls => ({
  setManagedSettings: (tenantId, settings) =>
    write("set the settings of", tenantId, async (db) =>
      requireThere(tenantId, await setManagedSettings(db, tenantId, settings)),
    ),
  setQuotas: (tenantId, quotas) =>
    write("set the quotas of", tenantId, async (db) => requireThere(tenantId, await setQuotas(db, tenantId, quotas))),
  setSuspended: (tenantId, suspended) =>
    write("suspend or resume", tenantId, async (db) =>
      requireThere(tenantId, await setTenantStatus(db, tenantId, suspended ? "suspended" : "active")),
    ),
});

type CredentialCalls = Pick<
  TenantRegistry,
  "addApiKey" | "addWebhookSecret" | "addSessionKey" | "expireOthers" | "removeExpired"
>;
type SettingCalls = Pick<TenantRegistry, "setManagedSettings" | "setQuotas" | "setSuspended">;

const requireThere = (tenantId: string, isThere: boolean): void => {
  if (!isThere) throw new Refused(`unable to change tenant ${tenantId}; the database has no such tenant`);
};
