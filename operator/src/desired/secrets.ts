import type { Tenant } from "../tenant/tenant.ts";
import type { Secret } from "./kinds.ts";
import { toLabels, toOwnerReference } from "./labels.ts";
import { toNames } from "./names.ts";
import { withAppliedHash } from "./to-owned.ts";

/** Keys of the Secret with a Tenant's credentials. `pending…` are there while a rotation is under way. */
export type CredentialsSecretKey =
  | "apiKey"
  | "apiKeyId"
  | "webhookSecret"
  | "webhookSecretId"
  | "apiUrl"
  | "pendingApiKey"
  | "pendingApiKeyId"
  | "pendingWebhookSecret"
  | "pendingWebhookSecretId";

/** Values in plain text. */
export type CredentialsData = Readonly<Partial<Record<CredentialsSecretKey, string>>>;

/** Keys of the Secret with the gateways' login. `pendingPassword` is there while a login is being made. */
export type DatabaseSecretKey = "databaseUrl" | "tenantKey" | "loginId" | "pendingPassword";

/** Values in plain text. */
export type DatabaseSecretData = Readonly<Partial<Record<DatabaseSecretKey, string>>>;

/** The Secret that the Tenant's own code reads: with `secretTemplate`'s labels and annotations, which never replace ours. */
export const toCredentialsSecret = (tenant: Tenant, data: CredentialsData): Secret =>
  toSecret(tenant, toCredentialsSecretName(tenant), data, tenant.spec.apiKey.secretTemplate);

/** The Secret that the Tenant's gateways log in with. */
export const toDatabaseSecret = (tenant: Tenant, data: DatabaseSecretData): Secret =>
  toSecret(tenant, toNames(tenant.metadata.name).database, data);

/** The name that the Tenant chose, or the one made of its own. With `SecretRef` the chosen one is somebody else's Secret. */
export const toCredentialsSecretName = ({ metadata, spec }: Tenant): string =>
  (spec.apiKey.source === "Generated" ? spec.apiKey.secretName : undefined) ?? toNames(metadata.name).credentials;

/** A value of a Secret in plain text; undefined when the Secret has no such key. */
export const readSecretValue = (secret: Secret, key: string): string | undefined => {
  const value = secret.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
};

interface Template {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The hash on it is of names only: nothing of the values ever stands outside of `data`. */
const toSecret = (
  tenant: Tenant,
  name: string,
  data: Readonly<Record<string, string | undefined>>,
  template: Template = {},
): Secret => {
  const secret: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      ...(tenant.metadata.namespace !== undefined && { namespace: tenant.metadata.namespace }),
      labels: { ...template.labels, ...toLabels(tenant) },
      ...(template.annotations && { annotations: template.annotations }),
      ownerReferences: [toOwnerReference(tenant)],
    },
    type: "Opaque",
    data: toBase64(data),
  };
  return withAppliedHash(secret, { metadata: secret.metadata, keys: Object.keys(secret.data ?? {}).toSorted() });
};

const toBase64 = (data: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, Buffer.from(value, "utf8").toString("base64")]],
    ),
  );
