import type { Secret } from "../../desired/kinds.ts";
import { resources } from "../../desired/kinds.ts";
import { isOwnedBy } from "../../desired/labels.ts";
import { sameAsWanted } from "../../desired/same-as-wanted.ts";
import { withAppliedHash } from "../../desired/to-owned.ts";
import { appliedHashAnnotation } from "../../desired/template-hash.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { RetryLater } from "../../kube/reconcile-result.ts";
import type { Tenant } from "../../tenant/tenant.ts";
import { isLeftover } from "../leftover.ts";
import { heldKinds } from "./held-kinds.ts";

/** The field manager of our Secrets. */
export const credentialsManager = "sendsar-operator/credentials";

/** There is a Secret of the name that we need, and it belongs to somebody else. It is neither read nor touched. */
export class SecretNotOwned extends Error {
  override readonly name = "SecretNotOwned";
}

/**
 * A Secret of a Tenant as the API server has it now, not as a cache remembers it: what follows from "it is not there" cannot
 * be taken back. Undefined when there is none; throws `SecretNotOwned` for somebody else's.
 */
export const readOwnedSecret = async (
  client: KubeClient,
  tenant: Tenant,
  name: string,
): Promise<Secret | undefined> => {
  const namespace = tenant.metadata.namespace ?? "";
  const secret = await client.get(resources.secret, { namespace, name });
  if (!secret || isOwnedBy(secret, tenant)) return secret;
  if (isLeftover(secret, tenant)) {
    throw new RetryLater(`unable to use Secret ${name}; that of the Tenant of this name before is being removed`, 1000);
  }
  throw new SecretNotOwned(
    `unable to use Secret ${name}; namespace ${namespace} has one that does not belong to this Tenant. Remove or rename it`,
  );
};

/**
 * Writes the Secret as wanted, unless it has been changed since `before` was read: then a 409, and nothing is written. Where
 * there was none, one without content is made first, by a request that fails when somebody else's came in between: an
 * apply would take that over. Answers what is there now.
 */
export const writeOwnedSecret = async (
  client: KubeClient,
  wanted: Secret,
  before: Secret | undefined,
): Promise<Secret> => {
  if (before && sameAsWanted(before, wanted)) return before;
  const { resourceVersion } = (before ?? (await client.create(resources.secret, toEmpty(wanted)))).metadata;
  const applied = await client.apply(
    resources.secret,
    { ...wanted, metadata: { ...wanted.metadata, ...(resourceVersion !== undefined && { resourceVersion }) } },
    { manager: credentialsManager },
  );
  return await removeStrays(client, wanted, applied);
};

/** The Secret with notes of the operator's own on it. None of them is secret. */
export const withNotes = (secret: Secret, notes: Readonly<Record<string, string>>): Secret => {
  const { [appliedHashAnnotation]: hash, ...annotations } = secret.metadata.annotations ?? {};
  const noted = { ...secret, metadata: { ...secret.metadata, annotations: { ...annotations, ...notes } } };
  return withAppliedHash(noted, { hash, notes });
};

/** Our own labels and the owner stay for as long as the Secret lives, so it does not matter that this request has them too. */
const toEmpty = ({ apiVersion, kind, type, metadata }: Secret): Secret => ({
  apiVersion,
  kind,
  ...(type !== undefined && { type }),
  metadata: {
    name: metadata.name,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
    labels: Object.fromEntries(Object.entries(metadata.labels ?? {}).filter(([name]) => isOurs(name))),
    ...(metadata.ownerReferences && { ownerReferences: metadata.ownerReferences }),
  },
});

const isOurs = (name: string): boolean => name.startsWith("app.kubernetes.io/") || name.startsWith("chat.sendsar.com/");

/** An apply leaves what another manager has put there, also under a key that means something to us. */
const removeStrays = async (client: KubeClient, wanted: Secret, live: Secret): Promise<Secret> => {
  const strays = secretKeys.filter((key) => live.data?.[key] !== undefined && wanted.data?.[key] === undefined);
  if (strays.length === 0) return live;
  const { name, namespace = "", resourceVersion } = live.metadata;
  return await client.patch(
    resources.secret,
    { namespace, name },
    { metadata: { resourceVersion }, data: Object.fromEntries(strays.map((key) => [key, null])) },
    { manager: credentialsManager },
  );
};

/** All keys that our Secrets ever have. */
const secretKeys: readonly string[] = [
  ...Object.values(heldKinds).flatMap(({ keys }) => Object.values(keys)),
  "apiUrl",
  "databaseUrl",
  "tenantKey",
  "loginId",
  "pendingPassword",
];
