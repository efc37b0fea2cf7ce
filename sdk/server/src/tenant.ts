import type { Call } from "./operation.ts";
import type { CallOptions } from "./options.ts";
import type { RateLimitList, SettingsPatch, StorageUsage, TenantSettings } from "./wire.ts";

/** What is true for the whole tenant. */
export interface Tenant {
  /** All settings, defaults filled in. */
  getSettings(options?: CallOptions): Promise<TenantSettings>;

  /**
   * Changes some settings, key by key; null puts one back to its default. Answers all of them. Rejects with
   * `managed_by_kubernetes` and the keys in `details` for those that the Tenant resource sets.
   *
   * @example
   * await sendsar.tenant.updateSettings({ chat: { deletedMessageDisplay: "hidden" } });
   */
  updateSettings(patch: SettingsPatch, options?: CallOptions): Promise<TenantSettings>;

  /** What the tenant's files take. */
  getStorage(options?: CallOptions): Promise<StorageUsage>;

  /** The tenant's rate limits, and what is left of them. */
  getRateLimits(options?: CallOptions): Promise<RateLimitList>;
}

/** Creates the calls about the tenant. */
export function createTenant(call: Call): Tenant {
  return {
    getSettings: (options) => call("getSettings", {}, options),
    updateSettings: (body, options) => call("patchSettings", { body }, options),
    getStorage: (options) => call("getStorage", {}, options),
    getRateLimits: (options) => call("getRateLimits", {}, options),
  };
}
