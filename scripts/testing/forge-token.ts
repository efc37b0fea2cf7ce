import { createHmac } from "node:crypto";
import pg from "pg";
import { createKeyRing } from "../../gateway/src/auth/key-ring.ts";
import { secretBelongsTo } from "../../gateway/src/auth/seal.ts";

/** A tenant's signing key, as only the tenant's gateways have it. */
export interface ForgerKey {
  readonly tenantId: string;
  readonly keyId: string;
  readonly raw: Buffer;
}

/** What a forged token is made from: real keys, so that one wrong thing is all that can refuse it. */
export interface Forger {
  readonly own: ForgerKey;
  readonly other: ForgerKey;
  readonly userId: string;
  /** Seconds since the epoch. */
  readonly now: number;
  /** An address that counts who calls it. */
  readonly sinkUrl: string;
}

type Json = Readonly<Record<string, unknown>>;

export const base64url = (value: string | Buffer): string => Buffer.from(value).toString("base64url");

/** The header of a token that is let in. */
export const goodHeader = ({ own }: Forger): Json => ({
  alg: "HS256",
  typ: "JWT",
  kid: `${own.tenantId}.${own.keyId}`,
});

/** The claims of a token that is let in. */
export const goodPayload = ({ own, userId, now }: Forger): Json => ({
  tid: own.tenantId,
  typ: "session",
  sub: userId,
  iss: "sendsar",
  aud: "sendsar-client",
  iat: now - 10,
  exp: now + 3600,
  jti: "01990000-0000-7000-8000-000000000000",
});

export interface Forgery {
  /** Members to put in place of the good ones; undefined takes one away. */
  readonly header?: Json;
  readonly payload?: Json;
  /** The whole JSON text instead. */
  readonly headerText?: string;
  readonly payloadText?: string;
  /** What to sign with, instead of the tenant's key. */
  readonly key?: Buffer | string;
  readonly hash?: "sha256" | "sha384" | "sha512";
  /** The signature instead of a computed one. */
  readonly signature?: string;
}

/** Makes a token by hand, without the help or the objections of a library. Without changes it is a good one. */
export const forgeToken = (forger: Forger, forgery: Forgery = {}): string => {
  const header = forgery.headerText ?? JSON.stringify({ ...goodHeader(forger), ...forgery.header });
  const payload = forgery.payloadText ?? JSON.stringify({ ...goodPayload(forger), ...forgery.payload });
  const signed = `${base64url(header)}.${base64url(payload)}`;
  const mac = createHmac(forgery.hash ?? "sha256", forgery.key ?? forger.own.raw).update(signed);
  return `${signed}.${forgery.signature ?? mac.digest("base64url")}`;
};

/** Opens a tenant's signing key the way a gateway does. */
export const readForgerKey = async (adminUrl: string, masterKey: string, tenantId: string): Promise<ForgerKey> => {
  const client = new pg.Client({ connectionString: adminUrl, application_name: "sendsar-test-forger" });
  await client.connect();
  try {
    const { rows } = await client.query<{ secret_id: string; sealed: Buffer; master_key_id: string }>(
      "select secret_id, sealed, master_key_id from sendsar.tenant_secrets where tenant_id = $1 and kind = 'session_key'",
      [tenantId],
    );
    const [row] = rows;
    if (!row || rows.length > 1) throw new Error(`unable to forge for ${tenantId}; it has ${rows.length} session keys`);
    const keys = createKeyRing({ kind: "master", masterKey });
    const sealed = { sealed: row.sealed, masterKeyId: row.master_key_id };
    const raw = keys.open(sealed, secretBelongsTo(tenantId, "session_key", row.secret_id));
    return { tenantId, keyId: row.secret_id, raw };
  } finally {
    await client.end();
  }
};
