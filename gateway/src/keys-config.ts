import * as z from "zod";
import type { Keys } from "./auth/key-ring.ts";

/** A key in an environment variable. */
export const keySchema = z
  .string()
  .refine((value) => Buffer.from(value, "base64").length === 32, "must be 32 bytes in base64");

/** The environment variables that say whom a gateway serves, and with which key. */
export const keysVariables = {
  MASTER_KEY: {
    schema: keySchema.optional(),
    sentence:
      "Opens the tenants' sealed secrets: 32 bytes in base64, the same on every gateway and for provisioning. Needed without `TENANT_ID`.",
    secret: true,
  },
  TENANT_ID: {
    schema: z
      .string()
      .regex(
        /^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$/,
        "must be 1-48 lower-case letters, digits and inner dashes, as tenants have",
      )
      .optional(),
    sentence:
      "Makes a dedicated gateway, which serves this tenant only: credentials of others are unknown to it. Its database login must be bound to the tenant, and it has `TENANT_KEY` in place of `MASTER_KEY`.",
  },
  TENANT_KEY: {
    schema: keySchema.optional(),
    sentence:
      "The key of the tenant, derived from the master key: 32 bytes in base64, as the operator puts it into the tenant's Secret. For `TENANT_ID`.",
    secret: true,
  },
} as const;

type KeysValues = { readonly [K in keyof typeof keysVariables]: z.output<(typeof keysVariables)[K]["schema"]> };

/** Throws a reason for values that do not go together. */
export const toKeys = ({ MASTER_KEY, TENANT_ID, TENANT_KEY }: KeysValues): Keys => {
  if (TENANT_ID === undefined) {
    if (TENANT_KEY !== undefined) throw new Error("TENANT_KEY: is set, and TENANT_ID is not");
    if (MASTER_KEY === undefined) {
      throw new Error("MASTER_KEY: is not set; a gateway has it, or TENANT_ID and TENANT_KEY to serve one tenant only");
    }
    return { kind: "master", masterKey: MASTER_KEY };
  }
  if (MASTER_KEY !== undefined) {
    throw new Error("MASTER_KEY: is set together with TENANT_ID; a gateway of one tenant has only TENANT_KEY");
  }
  if (TENANT_KEY === undefined) throw new Error("TENANT_KEY: is not set, and TENANT_ID needs it");
  return { kind: "tenant", tenantId: TENANT_ID, tenantKey: TENANT_KEY };
};
