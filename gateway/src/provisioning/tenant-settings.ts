import { isDeepStrictEqual } from "node:util";
import { errors } from "@sendsar/protocol/errors";
import { ChatError } from "../chat/chat-error.ts";
import type { SettingsJson } from "../chat/settings-merge.ts";
import { findFreed, isJsonObject, mergeSettings } from "../chat/settings-merge.ts";
import { listReserved, mergeAttemptsMax, requireValidSettings, toEffective } from "../chat/settings.ts";
import type { Db } from "../store/db.ts";
import { findQuotas, findSettings, replaceQuotas, replaceSettings } from "../store/tenant-settings.ts";
import { Quotas } from "./quotas.ts";

/** What was to be set does not fit; the message says which of it and why. Nothing was changed. */
export class TenantInvalidError extends Error {
  override readonly name = "TenantInvalidError";
}

/**
 * Puts these settings over the tenant's own: REST may read them and not change them. They take the place of all that were
 * managed before; one that is managed no more keeps its value, as the tenant's own. Answers whether there is such a tenant.
 * When all is so already nothing is written. Throws `TenantInvalidError`.
 */
export const setManagedSettings = async (db: Db, tenantId: string, managed: SettingsJson): Promise<boolean> => {
  for (let attempt = 1; attempt <= mergeAttemptsMax; attempt++) {
    const before = await findSettings(db, tenantId);
    if (!before) return false;
    const own = mergeSettings(before.own, findFreed(before.managed, managed));
    requireManageable(managed, { own, managed });
    if (isDeepStrictEqual(before, { own, managed })) return true;
    if (await replaceSettings(db, tenantId, before, { own, managed })) return true;
  }
  throw new Error(`unable to set the settings of tenant ${tenantId}; others change them all the time`);
};

/** Sets the bounds of a tenant, in place of all that were set before; the same, and so answers as above. */
export const setQuotas = async (db: Db, tenantId: string, quotas: Quotas): Promise<boolean> => {
  const parsed = Quotas.safeParse(quotas);
  if (!parsed.success) {
    throw invalid(
      "quotas",
      parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message })),
    );
  }
  const before = await findQuotas(db, tenantId);
  if (!before || isDeepStrictEqual(before, parsed.data)) return before !== undefined;
  return await replaceQuotas(db, tenantId, parsed.data);
};

const requireManageable = (
  managed: SettingsJson,
  after: { readonly own: SettingsJson; readonly managed: SettingsJson },
): void => {
  const nothing = listNulls(managed);
  if (nothing.length > 0)
    throw invalid(
      "settings",
      nothing.map((path) => ({ path, message: "must not be null" })),
    );
  const reserved = listReserved(managed);
  if (reserved.length > 0)
    throw invalid(
      "settings",
      reserved.map((path) => ({ path, message: errors.reserved_setting.sentence })),
    );
  try {
    requireValidSettings(toEffective(after));
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    throw invalid("settings", error.details ?? [{ path: "", message: error.message }]);
  }
};

/** Dotted paths of the keys that are null: to manage nothing a key is left out. */
const listNulls = (settings: SettingsJson, prefix = ""): string[] =>
  Object.entries(settings).flatMap(([key, value]) => {
    if (value === null) return [`${prefix}${key}`];
    return isJsonObject(value) ? listNulls(value, `${prefix}${key}.`) : [];
  });

const invalid = (what: string, details: readonly { readonly path: string; readonly message: string }[]) =>
  new TenantInvalidError(
    `unable to set the ${what} of a tenant; ${details.map(({ path, message }) => [path, message].filter(Boolean).join(": ")).join(", ")}`,
  );
