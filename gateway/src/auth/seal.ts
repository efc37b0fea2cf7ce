import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/** What a sealed secret belongs to: a row of a tenant. */
export interface SealedRow {
  readonly tenantId: string;
  readonly row: string;
}

/** What a tenant's secret is bound to: its row. */
export const secretBelongsTo = (tenantId: string, kind: string, secretId: string): SealedRow => ({
  tenantId,
  row: `${tenantId}/${kind}/${secretId}`,
});

/** What the credentials of a push provider are bound to. No part of it has a slash. */
export const appSecretBelongsTo = (tenantId: string, appCode: string, provider: string): SealedRow => ({
  tenantId,
  row: `${tenantId}/app/${appCode}/${provider}`,
});

/**
 * Seals with AES-256-GCM and a random nonce. What a secret belongs to is bound in as associated data, so a sealed secret that
 * is copied to another row does not open.
 */
export interface Seal {
  /** First characters of the key's SHA-256: says which key sealed a secret without saying anything about the key. */
  readonly id: string;
  seal(plain: Buffer, row: string): Buffer;
  /** Throws when the secret was sealed with another key, for something else, or was changed. */
  open(sealed: Buffer, row: string): Buffer;
}

const nonceBytes = 12;
const tagBytes = 16;

/** Makes a seal of a key of 32 bytes. */
export const createSeal = (key: Buffer): Seal => ({
  id: createHash("sha256").update(key).digest("hex").slice(0, 16),
  seal(plain, row) {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(row));
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  },
  open(sealed, row) {
    // With the length given, a text too short to hold a whole tag is refused, not checked by what there is of it.
    const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(Buffer.from(row))
      .setAuthTag(sealed.subarray(-tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  },
});
