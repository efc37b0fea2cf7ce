import type { ConditionUpdate } from "../tenant/conditions.ts";
import type { FoundCondition } from "./status.ts";

/** Nobody looks: how things stand is not known, and the other conditions stay what they were. */
export const paused: ConditionUpdate<"Ready"> = {
  type: "Ready",
  status: "Unknown",
  reason: "Paused",
  message: 'The operator leaves this Tenant alone until the annotation chat.sendsar.com/paused is no longer "true".',
};

export const accepted: ConditionUpdate<"Accepted"> = {
  type: "Accepted",
  status: "True",
  reason: "Accepted",
  message: "The spec can be put in force.",
};

/** What is written to a tenant's database only, while it cannot be or must not be reached. */
export const notBound = (refused: boolean): readonly FoundCondition[] =>
  (["CredentialsReady", "SettingsSynced"] as const).map((type) => ({
    type,
    status: "Unknown",
    reason: "WaitingForDatabase",
    message: refused
      ? "The tenant belongs to another resource."
      : "This needs the tenant's database, which is not ready.",
    unfinished: true,
  }));
