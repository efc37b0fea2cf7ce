import type { TenantRecord, TenantRegistry } from "../../database/tenant-registry.ts";
import { RetryLater } from "../../kube/reconcile-result.ts";
import type { HeldContent } from "./held-content.ts";
import { changeContent, toHeld } from "./held-content.ts";
import type { HeldKind } from "./held-kinds.ts";
import { heldKinds } from "./held-kinds.ts";
import type { Rest, RotationCause, RotationPolicy, Step } from "./next-step.ts";
import { nextStep } from "./next-step.ts";

/**
 * Takes step after step, for several kinds whose plain text shares a Secret, until there is nothing left to do or something
 * must be waited for. Throws what stops it; nothing is undone then, for the next visit goes on from what is there.
 */
export const rotateHeld = async (place: RotationPlace, plans: readonly HeldPlan[]): Promise<readonly HeldOutcome[]> => {
  let last = "";
  for (let round = 0; ; round++) {
    const { record, contents } = await place.observe();
    const taken = plans.map((plan) => ({ plan, step: findStep(plan, contents, record) }));
    const acting = taken.filter(({ step }) => !isRest(step));
    if (acting.length === 0) {
      return taken.flatMap(({ plan, step }) => (isRest(step) ? [{ plan, step, record }] : []));
    }
    // What a step does is seen by the next look. Otherwise it would be done for ever.
    const now = JSON.stringify(acting.map(({ plan, step }) => [plan.kind, step]));
    if (now === last) throw new Error(`unable to rotate credentials; ${acting[0]?.step.do} has no effect`);
    if (round >= roundsMax)
      throw new RetryLater("unable to rotate credentials; somebody else writes them too", retryMs);
    last = now;
    await takeSteps(place, acting, contents);
  }
};

/** More than any rotation needs, also of several kinds that were broken off at different steps. */
const roundsMax = 20;
const retryMs = 5000;

/** What a visit of rotations works on. */
export interface RotationPlace {
  readonly tenantId: string;
  /** What is there now. The Secret is asked of the API server, not of a cache. */
  observe(): Promise<{ readonly record: TenantRecord; readonly contents: HeldContents }>;
  /** Writes the Secret; only if it still is what `observe` saw. */
  write(contents: HeldContents): Promise<void>;
  /** Changes something in the database: the next `observe` asks it again. */
  change(write: (registry: TenantRegistry) => Promise<void>): Promise<void>;
  /** Told of a new credential before anything of it is written; after a crash, once more. */
  begun(kind: HeldKind, cause: RotationCause): void;
}

export type HeldContents = Readonly<Record<HeldKind, HeldContent>>;

/** How one kind is to be kept. */
export interface HeldPlan {
  readonly kind: HeldKind;
  readonly policy: RotationPolicy;
  readonly rotationToken: string;
  /** Of the status, where the Secret does not say under which token its value was made. */
  readonly observedRotationToken: string | undefined;
}

export interface HeldOutcome {
  readonly plan: HeldPlan;
  readonly step: Rest;
  readonly record: TenantRecord;
}

const findStep = (plan: HeldPlan, contents: HeldContents, record: TenantRecord): Step => {
  const content = contents[plan.kind];
  const observed = content.rotationToken ?? plan.observedRotationToken;
  return nextStep({
    held: toHeld(plan.kind, content),
    rows: heldKinds[plan.kind].rowsOf(record),
    policy: plan.policy,
    // The first token that is seen asks for nothing: there was none to compare it with.
    tokenChanged: observed !== undefined && observed !== plan.rotationToken,
    databaseTime: record.databaseTime,
  });
};

const isRest = (step: Step): step is Rest => step.do === "nothing" || step.do === "wait";

type Acting = { readonly plan: HeldPlan; readonly step: Step };

/** The Secret's part of all kinds is one write; a step is either the Secret's or the database's. */
const takeSteps = async (place: RotationPlace, acting: readonly Acting[], contents: HeldContents): Promise<void> => {
  let next = contents;
  for (const { plan, step } of acting) {
    if (step.do === "write-pending") place.begun(plan.kind, step.cause);
    next = { ...next, [plan.kind]: changeContent(plan.kind, next[plan.kind], step, plan.rotationToken) };
  }
  if (acting.some(({ step }) => isOfSecret(step))) await place.write(next);
  for (const { plan, step } of acting) await takeDatabaseStep(place, plan.kind, step, contents[plan.kind]);
};

const isOfSecret = (step: Step): boolean =>
  step.do === "write-pending" || step.do === "promote" || step.do === "drop-pending";

const takeDatabaseStep = async (
  { change, tenantId }: RotationPlace,
  kind: HeldKind,
  step: Step,
  { pending }: HeldContent,
): Promise<void> => {
  switch (step.do) {
    case "insert":
      if (pending !== undefined) await change((to) => heldKinds[kind].insert(to, tenantId, step.id, pending));
      return;
    case "expire-others":
      await change((to) => to.expireOthers(tenantId, kind, step.keepId, step.overlapSeconds));
      return;
    case "remove-expired":
      await change((to) => to.removeExpired(tenantId));
      return;
    default:
  }
};
