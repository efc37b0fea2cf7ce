import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/**
 * The master key, with which secrets are sealed before they are stored: AES-256-GCM with a random nonce. What a secret
 * belongs to is bound in as associated data, so a sealed secret that is copied to another row does not open.
 */
export interface MasterKey {
  /** First characters of the key's SHA-256: says which key sealed a secret without saying anything about the key. */
  readonly id: string;
  seal(plain: Buffer, belongsTo: string): Buffer;
  /** Throws when the secret was sealed with another key, for something else, or was changed. */
  open(sealed: Buffer, belongsTo: string): Buffer;
}

/** What a tenant's secret is bound to: its row. */
export const secretBelongsTo = (tenantId: string, kind: string, secretId: string): string =>
  `${tenantId}/${kind}/${secretId}`;

/** What the credentials of a push provider are bound to. No part of it has a slash. */
export const appSecretBelongsTo = (tenantId: string, appCode: string, provider: string): string =>
  `${tenantId}/app/${appCode}/${provider}`;

const nonceBytes = 12;
const tagBytes = 16;

/** Makes a master key of 32 bytes, given as base64. */
export const createMasterKey = (base64: string): MasterKey => {
  const key = Buffer.from(base64, "base64");
  if (key.length !== 32) throw new Error("unable to use the master key; it must be 32 bytes in base64");
  return {
    id: createHash("sha256").update(key).digest("hex").slice(0, 16),
    seal(plain, belongsTo) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(belongsTo));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, belongsTo) {
      // With the length given, a text too short to hold a whole tag is refused, not checked by what there is of it.
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
        .setAAD(Buffer.from(belongsTo))
        .setAuthTag(sealed.subarray(-tagBytes));
      return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    },
  };
};
