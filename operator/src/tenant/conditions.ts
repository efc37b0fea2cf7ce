import { accepted, databaseReady } from "./reasons/of-tenant.ts";
import { credentialsReady, settingsSynced } from "./reasons/of-credentials.ts";
import { autoscalingActive, exposed, gatewayAvailable } from "./reasons/of-gateway.ts";
import { ready } from "./reasons/of-ready.ts";
import { ofAllParts } from "./reasons/of-all-parts.ts";
import type { ConditionStatus } from "./reasons/reason.ts";

/** A condition as the status shows it (metav1.Condition). */
export interface Condition extends ConditionUpdate {
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

/** What a stage finds; when it changed and of which generation it is are added where the status is written. */
export interface ConditionUpdate<T extends ConditionType = ConditionType> {
  readonly type: T;
  readonly status: ConditionStatus;
  /** One that is documented for this condition; any other does not compile. */
  readonly reason: ConditionReason<T>;
  /** A sentence without any secret. */
  readonly message: string;
}

/**
 * Every condition with its reasons: stable, documented, tested. Positive polarity; all are there from the first visit. In the
 * order in which one is the cause of the next. Source of the reference page.
 */
export const conditions = {
  Ready: ready,
  Accepted: accepted,
  DatabaseReady: databaseReady,
  CredentialsReady: credentialsReady,
  SettingsSynced: settingsSynced,
  GatewayAvailable: gatewayAvailable,
  Exposed: exposed,
  AutoscalingActive: autoscalingActive,
} as const;

export type ConditionType = keyof typeof conditions;

/** The reasons of a condition: its own and those that every part may have; for `Ready` those of all parts, too. */
export type ConditionReason<T extends ConditionType = ConditionType> = ReasonsByType[T];

type ReasonsByType = {
  readonly [T in ConditionType]: T extends "Ready"
    ? AnyReason
    : keyof (typeof conditions)[T]["reasons"] | keyof typeof ofAllParts;
};

type AnyReason =
  | { [T in ConditionType]: keyof (typeof conditions)[T]["reasons"] }[ConditionType]
  | keyof typeof ofAllParts;

/** Reasons that every condition may have. */
export const commonReasons = ofAllParts;
