import { randomBytes } from "node:crypto";
import { createApiKey, isApiKey } from "@sendsar/gateway/auth/api-key";
import type { StoredCredential, TenantRecord, TenantRegistry } from "../../database/tenant-registry.ts";
import type { CredentialsSecretKey } from "../../desired/secrets.ts";

/** The kinds of credentials whose plain text is in the Secret. */
export type HeldKind = "apiKey" | "webhookSecret";

/** What the rotation of one kind is made of; everything else is the same for all. */
export interface HeldKindParts {
  readonly keys: {
    readonly value: CredentialsSecretKey;
    readonly id: CredentialsSecretKey;
    readonly pending: CredentialsSecretKey;
    readonly pendingId: CredentialsSecretKey;
  };
  /** Annotation of the Secret: which rotation token the credential in force was made under. */
  readonly tokenAnnotation: string;
  /** A new one, of random bits. */
  create(): string;
  /** Could this be one? Says nothing about whose it is. */
  isWellFormed(plain: string): boolean;
  rowsOf(record: TenantRecord): readonly StoredCredential[];
  insert(registry: TenantRegistry, tenantId: string, id: string, plain: string): Promise<void>;
}

export const heldKinds: { readonly [K in HeldKind]: HeldKindParts } = {
  apiKey: {
    keys: { value: "apiKey", id: "apiKeyId", pending: "pendingApiKey", pendingId: "pendingApiKeyId" },
    tokenAnnotation: "chat.sendsar.com/api-key-rotation-token",
    create: createApiKey,
    isWellFormed: isApiKey,
    rowsOf: (record) => record.apiKeys,
    insert: (registry, tenantId, id, apiKey) => registry.addApiKey(tenantId, { id, apiKey }),
  },
  webhookSecret: {
    keys: {
      value: "webhookSecret",
      id: "webhookSecretId",
      pending: "pendingWebhookSecret",
      pendingId: "pendingWebhookSecretId",
    },
    tokenAnnotation: "chat.sendsar.com/webhook-secret-rotation-token",
    // Hex is valid base64 too, which the Standard Webhooks libraries expect after the prefix.
    create: () => `whsec_${randomBytes(24).toString("hex")}`,
    isWellFormed: (plain) => /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(plain),
    rowsOf: (record) => record.webhookSecrets,
    insert: (registry, tenantId, id, webhookSecret) => registry.addWebhookSecret(tenantId, { id, webhookSecret }),
  },
};
