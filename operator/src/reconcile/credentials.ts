import { toCredentialsSecretName } from "../desired/secrets.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { BoundDeps } from "./deps.ts";
import { toSeconds } from "./duration.ts";
import { toCredentialEvents, toLossEvent } from "./rotation/credential-events.ts";
import type { CredentialsPart } from "./rotation/credentials-part.ts";
import {
  joinParts,
  toCredentialsCondition,
  toHeldPart,
  toReferencedPart,
  toSessionPart,
} from "./rotation/credentials-part.ts";
import type { DatabasePlace } from "./rotation/open-place.ts";
import { openDatabasePlace, openSecretPlace } from "./rotation/open-place.ts";
import { SecretNotOwned } from "./rotation/owned-secret.ts";
import { followReferencedKey } from "./rotation/referenced-key.ts";
import { rotateHeld } from "./rotation/rotate-held.ts";
import { rotateSessionKey } from "./rotation/rotate-session-key.ts";
import type { StageResult } from "./stage.ts";

type Deps = Pick<BoundDeps, "bound" | "client" | "events">;

/**
 * Keeps a tenant's credentials as the spec asks: the API key and the webhook secret, whose plain text is in the Secret and
 * nowhere else, and the keys that sign sessions. When and in which order things happen stands in rotation/SPEC.md.
 */
export const reconcileCredentials = async (deps: Deps, tenant: Tenant): Promise<StageResult> => {
  const database = openDatabasePlace(deps);
  const found = joinParts([await keepSessionKey(database, tenant), await keepOwnSecret(deps, database, tenant)]);
  for (const kind of ["apiKey", "webhookSecret", "sessionKey"] as const) {
    const after = found.status[kind];
    if (!after) continue;
    for (const event of toCredentialEvents(kind, tenant.status?.[kind], after)) deps.events.record(tenant, event);
  }
  return {
    condition: toCredentialsCondition(found),
    status: found.status,
    ...(found.waits.length > 0 && { requeueAfterMs: Math.min(...found.waits, timerMsMax) }),
  };
};

const keepOwnSecret = async (deps: Deps, database: DatabasePlace, tenant: Tenant): Promise<CredentialsPart> => {
  try {
    return await keepSecret(deps, database, tenant);
  } catch (error) {
    if (!(error instanceof SecretNotOwned)) throw error;
    return { problem: { reason: "SecretNotOwned", message: `${error.message}.` }, status: {}, waits: [lookAgainMs] };
  }
};

/** A Secret of somebody else is not watched: that it is gone is noticed within this. */
const lookAgainMs = 30_000;

/** A timer of Node has 31 bits of milliseconds, and a rotation may be years away. */
const timerMsMax = 86_400_000;

const keepSessionKey = async (database: DatabasePlace, tenant: Tenant): Promise<CredentialsPart> => {
  const plan = toPlan("sessionKey", tenant);
  const outcome = await rotateSessionKey(database, plan);
  return toSessionPart(plan, outcome);
};

const keepSecret = async (deps: Deps, database: DatabasePlace, tenant: Tenant): Promise<CredentialsPart> => {
  const secret = await openSecretPlace(deps, tenant);
  const secretName = toCredentialsSecretName(tenant);
  const generated = tenant.spec.apiKey.source === "Generated";
  const plans = [...(generated ? [toPlan("apiKey", tenant)] : []), toPlan("webhookSecret", tenant)];
  const outcomes = await rotateHeld(
    {
      ...database,
      observe: async () => ({ record: await database.record(), contents: secret.contents }),
      write: (contents) => secret.write(contents),
      begun: (kind, cause) => {
        const event = toLossEvent(kind, cause, secretName);
        // Before the first one nothing can have been lost.
        if (event && tenant.status?.[kind]?.id !== undefined) deps.events.record(tenant, event);
      },
    },
    plans,
  );
  const referenced = generated ? undefined : await followReferencedKey(deps.client, database, tenant);
  // Where nothing was rotated too: labels, the URL, an id that was altered; and our own key, once a customer's replaces it.
  if (!outcomes.some(({ step }) => step.do === "wait")) {
    await secret.write(referenced?.ok ? { ...secret.contents, apiKey: {} } : secret.contents);
  }
  const parts = outcomes.map((outcome) => toHeldPart(secretName, outcome, secret.contents[outcome.plan.kind]));
  return joinParts([...(referenced ? [toReferencedPart(tenant, referenced)] : []), ...parts]);
};

const toPlan = <Kind extends "apiKey" | "webhookSecret" | "sessionKey">(kind: Kind, { spec, status }: Tenant) => {
  const { rotateEvery, overlap, rotationToken } = spec[kind];
  return {
    kind,
    policy: {
      ...(rotateEvery !== undefined && { rotateEverySeconds: toSeconds(rotateEvery) }),
      overlapSeconds: toSeconds(overlap),
    },
    rotationToken,
    observedRotationToken: status?.[kind]?.observedRotationToken,
  };
};
