import { limits } from "@sendsar/protocol/limits";
import { TenantSettings, reservedSettingKeys } from "@sendsar/protocol/objects/settings";
import { findTenant, replaceSettings } from "../store/tenants.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";

type Json = Record<string, unknown>;

/** All settings of a tenant: what it has set, and the defaults for the rest. */
export const getSettings = async (deps: Pick<ChatDeps, "db">, tenantId: string): Promise<TenantSettings> =>
  TenantSettings.parse(await readStored(deps, tenantId));

/**
 * Merges a change into the tenant's settings, key by key; `null` puts a key back to its default, unknown keys are kept.
 * Throws `invalid_request` when the result does not fit, and then nothing is changed (contract 12).
 */
export const patchSettings = async (
  deps: Pick<ChatDeps, "db">,
  tenantId: string,
  patch: Json,
): Promise<TenantSettings> => {
  const reserved = Object.keys(patch).find((key) => reservedSettingKeys.includes(key));
  if (reserved !== undefined) throw new ChatError("reserved_setting");
  for (let attempt = 1; attempt <= mergeAttemptsMax; attempt++) {
    const before = await readStored(deps, tenantId);
    const after = merge(before, patch);
    const settings = requireValid(after);
    if (await replaceSettings(deps.db, tenantId, before, after)) return settings;
  }
  throw new ChatError("overloaded");
};

/** Times that a change is merged again because another one came in between: one of those that race gets through each time. */
const mergeAttemptsMax = 100;

const readStored = async ({ db }: Pick<ChatDeps, "db">, tenantId: string): Promise<Json> => {
  const tenant = await findTenant(db, tenantId);
  if (!tenant) throw new ChatError("unauthorized");
  return tenant.settings;
};

const requireValid = (settings: Json): TenantSettings => {
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

/** RFC 7396, JSON Merge Patch. */
const merge = (target: Json, patch: Json): Json => {
  const merged: Json = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = isObject(value) ? merge(isObject(merged[key]) ? merged[key] : {}, value) : value;
  }
  return merged;
};

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
