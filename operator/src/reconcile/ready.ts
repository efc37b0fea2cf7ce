import type { Condition, ConditionType, ConditionUpdate } from "../tenant/conditions.ts";

/**
 * `Ready` as it follows from the conditions that it stands on: False with the reason of the first that is, else Unknown with
 * that of the first that is, else True. Autoscaling is not among them: without it the gateways serve all the same.
 */
export const toReady = (conditions: readonly Condition[]): ConditionUpdate => {
  const ordered = readyDependents.flatMap((type) => conditions.find((condition) => condition.type === type) ?? []);
  const first = ordered.find(({ status }) => status === "False") ?? ordered.find(({ status }) => status === "Unknown");
  if (!first)
    return { type: "Ready", status: "True", reason: "Ready", message: "All that the spec asks for is in force." };
  return { type: "Ready", status: first.status, reason: first.reason, message: first.message };
};

/** In the order in which one is the cause of the next. */
export const readyDependents: readonly ConditionType[] = [
  "Accepted",
  "DatabaseReady",
  "CredentialsReady",
  "SettingsSynced",
  "GatewayAvailable",
  "Exposed",
];
