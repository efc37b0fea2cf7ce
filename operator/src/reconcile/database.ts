import type { ConditionUpdate } from "../tenant/conditions.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { claimTenant, toAccepted } from "./claim.ts";
import type { BoundTenant, DatabaseResult, ReconcileDeps } from "./deps.ts";
import type { KeptLogin } from "./gateway-login.ts";
import { keepGatewayLogin } from "./gateway-login.ts";
import { SecretNotOwned } from "./rotation/owned-secret.ts";
import { keepSuspension } from "./suspend.ts";
import { toTenantId } from "./tenant-id.ts";
import { accepted } from "./verdicts.ts";

/**
 * The tenant's place in the database: its id, whose it is, whether it is open, and the login of its gateways. A tenant that
 * another resource has is left alone, down to its name. Throws `DatabaseUnavailable`, `FencedOff`, `Refused`.
 */
export const bindDatabase = async (deps: ReconcileDeps, tenant: Tenant): Promise<DatabaseResult> => {
  const tenantId = toTenantId(tenant);
  // It is written down before anything is called so: a later rule for making one would make another.
  if (tenant.status?.tenantId === undefined && tenant.spec.tenantId === undefined) return toNamed(tenantId);
  const registry = await deps.registries.open(tenantId, tenant.spec.database.isolation, deps.fence());
  const claim = await claimTenant(registry, tenant, tenantId);
  const status = { tenantId };
  if (!claim.claimed) return { accepted: toAccepted(tenantId, claim), condition: ofAnother, status };
  const bound: BoundTenant = { tenantId, registry, record: claim.record };
  const opening = (await keepSuspension(deps, bound, tenant)) === "waiting";
  try {
    const login = await keepGatewayLogin(deps, bound, tenant);
    return { accepted, bound, ...toReady(opening, login), status: { ...status, databaseLogin: login.status } };
  } catch (error) {
    if (!(error instanceof SecretNotOwned)) throw error;
    // Its credentials and settings do not need that login.
    return { accepted, bound, condition: ofSecret(error), status, requeueAfterMs: lookAgainMs };
  }
};

/** The status is written first. What the operator writes there calls nobody, so the next visit is asked for. */
const toNamed = (tenantId: string): DatabaseResult => ({
  accepted,
  condition: {
    type: "DatabaseReady",
    status: "Unknown",
    reason: "Pending",
    message: `The tenant is called ${tenantId} and is made next.`,
  },
  status: { tenantId },
  requeueAfterMs: namedAgainMs,
});

/** Long enough for the watch to tell of the status; a visit that comes too soon ends in a conflict and is repeated. */
const namedAgainMs = 50;

const toReady = (opening: boolean, { requeueAfterMs }: KeptLogin) => {
  const wait = Math.min(requeueAfterMs ?? Infinity, opening ? openingMs : Infinity, timerMsMax);
  return {
    condition: opening ? waitsForGateway : ready,
    ...((opening || requeueAfterMs !== undefined) && { requeueAfterMs: wait }),
  };
};

const ready: ConditionUpdate<"DatabaseReady"> = {
  type: "DatabaseReady",
  status: "True",
  reason: "Bound",
  message: "The tenant is in the database and belongs to this resource.",
};

const waitsForGateway: ConditionUpdate<"DatabaseReady"> = {
  type: "DatabaseReady",
  status: "Unknown",
  reason: "Pending",
  message: "The tenant is opened as soon as a gateway is ready.",
};

const ofAnother: ConditionUpdate<"DatabaseReady"> = {
  type: "DatabaseReady",
  status: "Unknown",
  reason: "WaitingForDatabase",
  message: "The tenant belongs to another resource.",
};

const ofSecret = (error: SecretNotOwned): ConditionUpdate<"DatabaseReady"> => ({
  type: "DatabaseReady",
  status: "False",
  reason: "ObjectNotOwned",
  message: `${error.message}.`,
});

/** A Secret of somebody else is not watched: that it is gone is noticed within this. */
const lookAgainMs = 30_000;
/** The Deployment's change is what is waited for; this is for when nobody saw it. */
const openingMs = 10_000;
/** A timer of Node has 31 bits of milliseconds, and a rotation may be years away. */
const timerMsMax = 86_400_000;
