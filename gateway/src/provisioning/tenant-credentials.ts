import { randomBytes, timingSafeEqual } from "node:crypto";
import { hashApiKey, isApiKey } from "../auth/api-key.ts";
import type { KeyRing } from "../auth/key-ring.ts";
import { secretBelongsTo } from "../auth/seal.ts";
import type { CredentialRows } from "../store/credential-changes.ts";
import {
  addKey,
  addSecret,
  expireAllOf,
  expireOthersOf,
  findKeyHash,
  findSecret,
  removeOverOf,
} from "../store/credential-changes.ts";
import type { SealedSecret, SecretKind } from "../store/credentials.ts";
import { findApiKeyOwner } from "../store/credentials.ts";
import type { Db, Query } from "../store/db.ts";
import type { CredentialRecord, StoredTenant } from "../store/tenant-record.ts";
import { lookUpTenant } from "../store/tenant-record.ts";
import { TenantInvalidError } from "./tenant-settings.ts";

/*
 * A tenant's credentials, each under an id that its maker chose: who makes one keeps its plain text first, and stores it here
 * after. What is stored already stays as it is. Throws `TenantInvalidError`, and then nothing was changed.
 */

/** Credentials of a kind at a time: one in force, its successor, and ten that are about to end. */
export const liveCredentialsMax = 12;

export const credentialKinds = {
  apiKey: { label: "api-keys", table: "api_keys", id: "key_id" },
  webhookSecret: { label: "webhook-secrets", table: "tenant_secrets", id: "secret_id", kind: "webhook_secret" },
  sessionKey: { label: "session-keys", table: "tenant_secrets", id: "secret_id", kind: "session_key" },
} as const satisfies Readonly<Record<string, CredentialRows>>;

export type CredentialKind = keyof typeof credentialKinds;

/** Stores the hash of a key. */
export const addApiKey = async (
  db: Db,
  tenantId: string,
  { id, apiKey }: { readonly id: string; readonly apiKey: string },
): Promise<void> => {
  requireId(id);
  if (!isApiKey(apiKey)) throw invalid("store the API key", "it does not have the form of one");
  const keyHash = hashApiKey(apiKey);
  const isThere = async (): Promise<boolean> => {
    const stored = await findKeyHash(db, tenantId, id);
    if (stored && !timingSafeEqual(stored, keyHash)) throw invalid("store the API key", "another has its id");
    return stored !== undefined;
  };
  if (await isThere()) return;
  const inUse = invalid("store the API key", "it is in use under another id, or by another tenant");
  // Looked for again each time: another one may be storing the same key.
  if ((await findApiKeyOwner(db, keyHash)) && !(await isThere())) throw inUse;
  const added = await addKey(db, tenantId, { keyId: id, keyHash, hint: apiKey.slice(-4) }, liveCredentialsMax);
  if (added || (await isThere())) return;
  const { tenant, databaseTime } = await lookUpTenant(db, tenantId);
  const live = credentialsOf(tenant, "apiKey").filter((one) => !isOver(one, databaseTime));
  throw live.length < liveCredentialsMax ? inUse : tooMany("API keys");
};

/** Seals and stores a webhook secret. */
export const addWebhookSecret = async (
  { db, keys }: SecretDeps,
  tenantId: string,
  { id, webhookSecret }: { readonly id: string; readonly webhookSecret: string },
): Promise<void> => {
  requireId(id);
  const isThere = async (): Promise<boolean> => {
    const stored = await findSecret(db, tenantId, "webhook_secret", id);
    if (!stored) return false;
    const plain = keys.open(stored, secretBelongsTo(tenantId, "webhook_secret", id));
    if (!plain.equals(Buffer.from(webhookSecret))) throw invalid("store the webhook secret", "another has its id");
    return true;
  };
  if (await isThere()) return;
  const sealed = sealSecret(keys, tenantId, "webhook_secret", { id, plain: Buffer.from(webhookSecret) });
  const added = await addSecret(db, tenantId, "webhook_secret", sealed, liveCredentialsMax);
  if (!added && !(await isThere())) throw tooMany("webhook secrets");
};

/** Makes a key that signs sessions. Nobody but gateways ever sees it. */
export const addSessionKey = async ({ db, keys }: SecretDeps, tenantId: string, id: string): Promise<void> => {
  requireId(id);
  if (await findSecret(db, tenantId, "session_key", id)) return;
  const sealed = sealSecret(keys, tenantId, "session_key", { id, plain: randomBytes(32) });
  if (await addSecret(db, tenantId, "session_key", sealed, liveCredentialsMax)) return;
  if (!(await findSecret(db, tenantId, "session_key", id))) throw tooMany("session keys");
};

/**
 * Ends the others of a kind `overlapSeconds` from now, those that end sooner as they do. Only for the sake of one that has no
 * end itself: so there is always one that works.
 */
export const expireOtherCredentials = async (
  db: Db,
  tenantId: string,
  kind: CredentialKind,
  { keepId, overlapSeconds }: { readonly keepId: string; readonly overlapSeconds: number },
): Promise<void> => {
  requireId(keepId);
  if (!Number.isFinite(overlapSeconds) || overlapSeconds < 0) {
    throw invalid("end the other credentials", "the overlap must be a number of seconds");
  }
  const { tenant, databaseTime } = await lookUpTenant(db, tenantId);
  const all = credentialsOf(tenant, kind);
  if (!all.some(({ id, expiresAt }) => id === keepId && expiresAt === undefined)) {
    throw invalid("end the other credentials", "the one to keep is not there, or it ends itself");
  }
  const until = Date.parse(databaseTime) + overlapSeconds * 1000;
  const last = ({ expiresAt }: CredentialRecord) => (expiresAt ? Date.parse(expiresAt) : Infinity);
  if (all.every((one) => one.id === keepId || last(one) <= until)) return;
  await db.batch(tenantId, [expireOthersOf(credentialKinds[kind], tenantId, keepId, overlapSeconds)]);
};

/** Statements that end all credentials of a tenant now, for use in a batch. */
export const expireAllCredentials = (tenantId: string): Query[] =>
  Object.values(credentialKinds).map((rows) => expireAllOf(rows, tenantId));

/** Removes the rows of credentials that are over. */
export const removeExpiredCredentials = async (db: Db, tenantId: string): Promise<void> => {
  const { tenant, databaseTime } = await lookUpTenant(db, tenantId);
  const all = (Object.keys(credentialKinds) as CredentialKind[]).flatMap((kind) => credentialsOf(tenant, kind));
  if (all.some((one) => isOver(one, databaseTime))) await db.batch(tenantId, removeOverOf(tenantId));
};

interface SecretDeps {
  readonly db: Db;
  readonly keys: KeyRing;
}

const credentialsOf = (tenant: StoredTenant | undefined, kind: CredentialKind) => {
  if (!tenant) return [];
  return { apiKey: tenant.apiKeys, webhookSecret: tenant.webhookSecrets, sessionKey: tenant.sessionKeys }[kind];
};

const isOver = ({ expiresAt }: CredentialRecord, databaseTime: string): boolean =>
  expiresAt !== undefined && Date.parse(expiresAt) <= Date.parse(databaseTime);

const sealSecret = (
  keys: KeyRing,
  tenantId: string,
  kind: SecretKind,
  { id, plain }: { readonly id: string; readonly plain: Buffer },
): SealedSecret => ({
  secretId: id,
  ...keys.seal(plain, secretBelongsTo(tenantId, kind, id)),
});

const requireId = (id: string): void => {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
    throw invalid("use the id of a credential", "it must be a UUID in lower case");
  }
};

const tooMany = (what: string) =>
  invalid(`store another of the tenant's ${what}`, `${liveCredentialsMax} are in force, some must end first`);

const invalid = (what: string, why: string) => new TenantInvalidError(`unable to ${what}; ${why}`);
