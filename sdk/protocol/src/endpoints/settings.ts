import { defineEndpoint } from "../endpoint.ts";
import { SettingsPatch, TenantSettings } from "../objects/settings.ts";

export const getSettings = defineEndpoint({
  method: "GET",
  path: "/tenant/settings",
  auth: "apiKey",
  action: "read",
  tag: "Tenant",
  summary: "Read the tenant's settings",
  statuses: [200],
  response: TenantSettings,
  errors: ["api_key_required"],
});

export const patchSettings = defineEndpoint({
  method: "PATCH",
  path: "/tenant/settings",
  auth: "apiKey",
  action: "write",
  tag: "Tenant",
  summary: "Change some of the tenant's settings",
  description:
    "Merged key by key; `null` puts a key back to its default; unknown keys are kept. Answers all settings. Keys that the Tenant resource sets are refused with 409 and named in `details`.",
  body: SettingsPatch,
  statuses: [200],
  response: TenantSettings,
  errors: ["api_key_required", "reserved_setting", "managed_by_kubernetes"],
});
