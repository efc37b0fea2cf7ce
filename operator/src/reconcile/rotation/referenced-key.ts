import type { TenantRecord } from "../../database/tenant-registry.ts";
import { resources } from "../../desired/kinds.ts";
import { readSecretValue } from "../../desired/secrets.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { RetryLater } from "../../kube/reconcile-result.ts";
import type { Tenant } from "../../tenant/tenant.ts";
import { toSeconds } from "../duration.ts";
import { toCredentialId } from "./credential-id.ts";
import { heldKinds } from "./held-kinds.ts";
import { keepUp } from "./next-step.ts";
import type { DatabasePlace } from "./open-place.ts";

export type ReferencedOutcome =
  | { readonly ok: true; readonly currentId: string; readonly record: TenantRecord; readonly afterMs: number }
  | { readonly ok: false; readonly reason: "SecretMissing" | "KeyMismatch"; readonly message: string };

/**
 * Puts the key in force that somebody else keeps in a Secret, and gives the one before it its overlap. The Secret is only
 * read. A key that has a successor is not put in force again as long as the database knows of it: it may have been revoked.
 */
export const followReferencedKey = async (
  client: KubeClient,
  place: DatabasePlace,
  tenant: Tenant,
): Promise<ReferencedOutcome> => {
  const { secretName: name = "", overlap } = tenant.spec.apiKey;
  const apiKey = await readKey(client, tenant, name);
  if (apiKey === undefined) {
    return { ok: false, reason: "SecretMissing", message: `Secret ${name} is not there, or has no key apiKey.` };
  }
  if (!heldKinds.apiKey.isWellFormed(apiKey)) {
    const message = `The value of apiKey in Secret ${name} is no API key: sk_, 43 letters and digits, and their checksum.`;
    return { ok: false, reason: "KeyMismatch", message };
  }
  return await follow(place, { id: toCredentialId("apiKey", apiKey), apiKey, name }, toSeconds(overlap));
};

/** A file that ends in a new line is the commonest way to make a Secret. */
const readKey = async (client: KubeClient, tenant: Tenant, name: string): Promise<string | undefined> => {
  const secret = await client.get(resources.secret, { namespace: tenant.metadata.namespace ?? "", name });
  return secret && readSecretValue(secret, "apiKey")?.trim();
};

interface ReferencedKey {
  readonly id: string;
  readonly apiKey: string;
  /** Of the Secret. */
  readonly name: string;
}

const follow = async (
  place: DatabasePlace,
  { id, apiKey, name }: ReferencedKey,
  overlapSeconds: number,
): Promise<ReferencedOutcome> => {
  for (let round = 0; round < roundsMax; round++) {
    const record = await place.record();
    const current = record.apiKeys.find((row) => row.id === id);
    if (!current) {
      await place.change((to) => to.addApiKey(place.tenantId, { id, apiKey }));
      continue;
    }
    if (current.expiresAt !== undefined) {
      const message = `The API key in Secret ${name} had a successor and cannot come into force again; put a new one there.`;
      return { ok: false, reason: "KeyMismatch", message };
    }
    const { apiKeys: rows, databaseTime } = record;
    const step = keepUp({ rows, policy: { overlapSeconds }, tokenChanged: false, databaseTime }, current);
    if (step.do === "expire-others") {
      await place.change((to) => to.expireOthers(place.tenantId, "apiKey", id, overlapSeconds));
    } else if (step.do === "remove-expired") await place.change((to) => to.removeExpired(place.tenantId));
    else return { ok: true, currentId: id, record, afterMs: Math.min(lookAgainMs, toRest(step)) };
  }
  throw new RetryLater("unable to follow the API key; somebody else writes it too", lookAgainMs);
};

const toRest = (step: ReturnType<typeof keepUp>): number => ("afterMs" in step ? (step.afterMs ?? Infinity) : Infinity);

/** Secrets of others are not watched: a changed key is noticed within this. */
export const lookAgainMs = 60_000;

/** More than it ever needs. */
const roundsMax = 8;
