import type { TenantRecord } from "../../database/tenant-registry.ts";
import { RetryLater } from "../../kube/reconcile-result.ts";
import type { Rest, RotationPolicy } from "./next-step.ts";
import type { SessionInput } from "./next-session-step.ts";
import { isServed, nextSessionStep } from "./next-session-step.ts";
import type { DatabasePlace } from "./open-place.ts";

export interface SessionPlan {
  readonly policy: RotationPolicy;
  readonly rotationToken: string;
  readonly observedRotationToken: string | undefined;
}

export interface SessionOutcome {
  readonly step: Rest;
  readonly record: TenantRecord;
  /** Was the key in force made for the token of the spec, or was there no other token before? */
  readonly tokenServed: boolean;
}

/** Takes the steps of the keys that sign sessions, as `rotateHeld` does for what is in the Secret. */
export const rotateSessionKey = async (place: DatabasePlace, plan: SessionPlan): Promise<SessionOutcome> => {
  const { observedRotationToken: observed, rotationToken } = plan;
  const tokenChanged = observed !== undefined && observed !== rotationToken;
  for (let round = 0; round < roundsMax; round++) {
    const record = await place.record();
    const input: SessionInput = {
      rows: record.sessionKeys,
      policy: plan.policy,
      tokenChanged,
      rotationToken,
      tenantId: place.tenantId,
      databaseTime: record.databaseTime,
    };
    const step = nextSessionStep(input);
    switch (step.do) {
      case "nothing":
      case "wait":
        return { step, record, tokenServed: !tokenChanged || isServed(input) };
      case "insert":
        await place.change((to) => to.addSessionKey(place.tenantId, step.id));
        break;
      case "expire-others":
        await place.change((to) => to.expireOthers(place.tenantId, "sessionKey", step.keepId, step.overlapSeconds));
        break;
      case "remove-expired":
        await place.change((to) => to.removeExpired(place.tenantId));
        break;
      default:
        throw new Error(`unable to rotate the session key; ${step.do} is no step of it`);
    }
  }
  throw new RetryLater("unable to rotate the session key; somebody else writes it too", retryMs);
};

/** More than any rotation needs. */
const roundsMax = 8;
const retryMs = 5000;
