import { limits } from "@sendsar/protocol/limits";
import { TenantSettings, reservedSettingKeys } from "@sendsar/protocol/objects/settings";
import type { StoredSettings } from "../store/tenant-settings.ts";
import { findSettings, replaceOwnSettings } from "../store/tenant-settings.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import type { SettingsJson } from "./settings-merge.ts";
import { listManagedTouched, mergeSettings } from "./settings-merge.ts";

/** All settings of a tenant: what is managed, then what it has set, and the defaults for the rest. */
export const getSettings = async (deps: Pick<ChatDeps, "db">, tenantId: string): Promise<TenantSettings> =>
  TenantSettings.parse(toEffective(await requireStored(deps, tenantId)));

/**
 * Merges a change into the tenant's settings, key by key; `null` puts a key back to its default, unknown keys are kept.
 * Throws `managed_by_kubernetes` that names each managed key which the change touches, `reserved_setting`, and
 * `invalid_request` when the result does not fit; then nothing is changed (contract 12).
 */
export const patchSettings = async (
  deps: Pick<ChatDeps, "db">,
  tenantId: string,
  patch: SettingsJson,
): Promise<TenantSettings> => {
  requireNoReserved(patch);
  for (let attempt = 1; attempt <= mergeAttemptsMax; attempt++) {
    const before = await requireStored(deps, tenantId);
    requireUnmanaged(before.managed, patch);
    const own = mergeSettings(before.own, patch);
    const settings = requireValidSettings(toEffective({ ...before, own }));
    if (await replaceOwnSettings(deps.db, tenantId, before, own)) return settings;
  }
  throw new ChatError("overloaded");
};

/** Times that a change is merged again because another one came in between: one of those that race gets through each time. */
export const mergeAttemptsMax = 100;

/** What is in force: the tenant's own settings with the managed ones over them. */
export const toEffective = ({ own, managed }: StoredSettings): SettingsJson => mergeSettings(own, managed);

/** Settings with their defaults. Throws `invalid_request` that names what does not fit. */
export const requireValidSettings = (settings: SettingsJson): TenantSettings => {
  const parsed = TenantSettings.safeParse(settings);
  if (!parsed.success) {
    const details = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
    throw new ChatError("invalid_request", { details });
  }
  if (Buffer.byteLength(JSON.stringify(settings)) > limits.settingsBytesMax) {
    throw new ChatError("invalid_request", {
      details: [{ path: "", message: `must be at most ${limits.settingsBytesMax} bytes` }],
    });
  }
  return parsed.data;
};

/** Throws `reserved_setting` for facts about the tenant that are no settings. */
export const requireNoReserved = (settings: SettingsJson): void => {
  if (listReserved(settings).length > 0) throw new ChatError("reserved_setting");
};

/** Keys that name no setting. */
export const listReserved = (settings: SettingsJson): readonly string[] =>
  Object.keys(settings).filter((key) => reservedSettingKeys.includes(key));

const requireUnmanaged = (managed: SettingsJson, patch: SettingsJson): void => {
  // Sorted, because the database keeps the keys in an order of its own.
  const touched = listManagedTouched(managed, patch).toSorted();
  if (touched.length === 0) return;
  const details = touched.map((path) => ({ path, message: "is set by the Tenant resource" }));
  throw new ChatError("managed_by_kubernetes", { details });
};

const requireStored = async ({ db }: Pick<ChatDeps, "db">, tenantId: string): Promise<StoredSettings> => {
  const settings = await findSettings(db, tenantId);
  if (!settings) throw new ChatError("unauthorized");
  return settings;
};
