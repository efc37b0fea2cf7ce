import { isStorableText } from "@sendsar/protocol/objects/common";
import { TenantInvalidError } from "./tenant-settings.ts";

/** Throws `TenantInvalidError` for what can be no tenant's id. */
export const requireTenantId = (tenantId: string): void => {
  if (!/^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$/.test(tenantId)) {
    throw new TenantInvalidError(
      "unable to use the tenant id; it must be 1-48 lower-case letters, digits and inner dashes",
    );
  }
};

/** Throws `TenantInvalidError` for what can be no tenant's name. */
export const requireTenantName = (name: string): void => {
  if (name.length < 1 || name.length > 80 || !isStorableText(name)) {
    throw new TenantInvalidError("unable to use the tenant name; it must be 1-80 characters that can be stored");
  }
};
