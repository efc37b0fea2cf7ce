import type { ConditionReason, ConditionUpdate } from "../../tenant/conditions.ts";
import type { Tenant, TenantStatus } from "../../tenant/tenant.ts";
import { toSeconds } from "../duration.ts";
import { toCredentialId } from "./credential-id.ts";
import { describeLoss } from "./credential-events.ts";
import type { CredentialFacts } from "./credential-status.ts";
import { toCredentialStatus } from "./credential-status.ts";
import type { HeldContent } from "./held-content.ts";
import { heldKinds } from "./held-kinds.ts";
import type { Rest } from "./next-step.ts";
import { retiringMax } from "./next-step.ts";
import type { ReferencedOutcome } from "./referenced-key.ts";
import { lookAgainMs } from "./referenced-key.ts";
import type { HeldOutcome } from "./rotate-held.ts";
import type { SessionOutcome, SessionPlan } from "./rotate-session-key.ts";

/** What was found of one kind of credential, or of several. */
export interface CredentialsPart {
  readonly problem?: { readonly reason: ConditionReason<"CredentialsReady">; readonly message: string };
  readonly status: Pick<TenantStatus, "apiKey" | "webhookSecret" | "sessionKey">;
  /** Milliseconds until something falls due. */
  readonly waits: readonly number[];
}

/** The first problem is the one that is told. */
export const joinParts = (parts: readonly CredentialsPart[]): CredentialsPart => {
  const problem = parts.find((part) => part.problem)?.problem;
  return {
    ...(problem && { problem }),
    status: Object.assign({}, ...parts.map(({ status }) => status)) as CredentialsPart["status"],
    waits: parts.flatMap(({ waits }) => waits),
  };
};

export const toCredentialsCondition = ({ problem, status }: CredentialsPart): ConditionUpdate => {
  const type = "CredentialsReady";
  if (problem) return { type, status: "False", ...problem };
  const retiring = Object.values(status).flatMap((kind) => kind?.retiring ?? []);
  if (retiring.length === 0)
    return { type, status: "True", reason: "InForce", message: "All credentials are in force." };
  const end =
    retiring
      .map(({ revokeAt }) => revokeAt)
      .toSorted()
      .at(-1) ?? "";
  const message = `All credentials are in force; older ones work too, the last until ${end}.`;
  return { type, status: "True", reason: "Overlap", message };
};

export const toHeldPart = (secretName: string, outcome: HeldOutcome, content: HeldContent): CredentialsPart => {
  const { plan, step, record } = outcome;
  const rows = heldKinds[plan.kind].rowsOf(record);
  const inSecret = content.value === undefined ? undefined : toCredentialId(plan.kind, content.value);
  const current = rows.find(({ id, expiresAt }) => id === inSecret && expiresAt === undefined);
  const facts: CredentialFacts = {
    rows,
    policy: plan.policy,
    databaseTime: record.databaseTime,
    // The Secret knows for which token its value was made; where it does not, the first token that is seen is taken for it.
    observedRotationToken: content.rotationToken ?? plan.observedRotationToken ?? plan.rotationToken,
    ...(current && { currentId: current.id }),
  };
  return {
    ...(step.do === "wait" && { problem: toTooMany(describeLoss(plan.kind, step.cause, secretName), step.afterMs) }),
    status: { [plan.kind]: { secretName, ...toCredentialStatus(facts) } },
    waits: toWaits(step),
  };
};

export const toSessionPart = (plan: SessionPlan, { step, record, tokenServed }: SessionOutcome): CredentialsPart => {
  const current = record.sessionKeys.find(({ expiresAt }) => expiresAt === undefined);
  const facts: CredentialFacts = {
    rows: record.sessionKeys,
    policy: plan.policy,
    databaseTime: record.databaseTime,
    observedRotationToken: tokenServed ? plan.rotationToken : (plan.observedRotationToken ?? plan.rotationToken),
    ...(current && { currentId: current.id }),
  };
  return { status: { sessionKey: toCredentialStatus(facts) }, waits: toWaits(step) };
};

export const toReferencedPart = ({ spec, status }: Tenant, outcome: ReferencedOutcome): CredentialsPart => {
  const { secretName = "", overlap, rotationToken } = spec.apiKey;
  if (!outcome.ok) {
    const { reason, message } = outcome;
    // What was in force before still is.
    return {
      problem: { reason, message },
      status: status?.apiKey ? { apiKey: status.apiKey } : {},
      waits: [lookAgainMs],
    };
  }
  const { currentId, record } = outcome;
  const facts: CredentialFacts = {
    currentId,
    rows: record.apiKeys,
    policy: { overlapSeconds: toSeconds(overlap) },
    databaseTime: record.databaseTime,
    observedRotationToken: rotationToken,
  };
  return { status: { apiKey: { secretName, ...toCredentialStatus(facts) } }, waits: [outcome.afterMs] };
};

const toWaits = ({ afterMs }: Rest): readonly number[] => (afterMs === undefined ? [] : [afterMs]);

const toTooMany = (loss: string | undefined, afterMs: number) => ({
  reason: "TooManyRetiring" as const,
  message: `${loss ?? "A new credential is needed."} ${retiringMax} older ones still work, so the next is made ${
    afterMs < 60_000 ? "within a minute" : `in ${Math.ceil(afterMs / 60_000)} minutes`
  }, when the first of them ends.`,
});
