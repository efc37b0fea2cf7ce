import type { TenantRecord } from "../../database/tenant-registry.ts";
import type { Secret } from "../../desired/kinds.ts";
import { toPublicUrl } from "../../desired/public-url.ts";
import { toCredentialsSecret, toCredentialsSecretName } from "../../desired/secrets.ts";
import { RetryLater } from "../../kube/reconcile-result.ts";
import type { Tenant } from "../../tenant/tenant.ts";
import type { BoundDeps } from "../deps.ts";
import { readHeldContent, toHeldData, toHeldNotes } from "./held-content.ts";
import { readOwnedSecret, withNotes, writeOwnedSecret } from "./owned-secret.ts";
import type { HeldContents, RotationPlace } from "./rotate-held.ts";

/** The database's part of a Tenant's rotations. */
export interface DatabasePlace extends Pick<RotationPlace, "tenantId" | "change"> {
  /** As it is after the last change. */
  record(): Promise<TenantRecord>;
}

/** Starts from what the claim of this visit answered, and asks again only after a change. */
export const openDatabasePlace = ({ bound }: Pick<BoundDeps, "bound">): DatabasePlace => {
  const { tenantId, registry } = bound;
  let record: TenantRecord | undefined = bound.record;
  return {
    tenantId,
    async record() {
      record ??= await registry.find(tenantId);
      if (record) return record;
      throw new RetryLater(`unable to find tenant ${tenantId}; somebody has just removed it`, 1000);
    },
    async change(write) {
      record = undefined;
      await write(registry);
    },
  };
};

/** The credentials Secret of a Tenant, with the content that rotations see. */
export interface SecretPlace extends Pick<RotationPlace, "write"> {
  readonly contents: HeldContents;
}

/** Reads the Secret from the API server. Throws `SecretNotOwned`. */
export const openSecretPlace = async ({ client }: Pick<BoundDeps, "client">, tenant: Tenant): Promise<SecretPlace> => {
  let secret = await readOwnedSecret(client, tenant, toCredentialsSecretName(tenant));
  return {
    get contents() {
      return { apiKey: readHeldContent("apiKey", secret), webhookSecret: readHeldContent("webhookSecret", secret) };
    },
    async write(contents) {
      secret = await writeOwnedSecret(client, toWanted(tenant, contents), secret);
    },
  };
};

const toWanted = (tenant: Tenant, { apiKey, webhookSecret }: HeldContents): Secret =>
  withNotes(
    toCredentialsSecret(tenant, {
      ...toHeldData("apiKey", apiKey),
      ...toHeldData("webhookSecret", webhookSecret),
      apiUrl: toPublicUrl(tenant),
    }),
    { ...toHeldNotes("apiKey", apiKey), ...toHeldNotes("webhookSecret", webhookSecret) },
  );
