import type { RecordedEvent } from "../../kube/event-recorder.ts";
import type { EventReason } from "../../tenant/events.ts";
import type { CredentialStatus } from "../../tenant/tenant.ts";
import type { CredentialKind } from "./credential-id.ts";
import type { HeldKind } from "./held-kinds.ts";
import type { RotationCause } from "./next-step.ts";

type Kind = Exclude<CredentialKind, "gatewayLogin">;

/** How events name a kind. */
const names = {
  apiKey: { reason: "ApiKey", noun: "API key" },
  webhookSecret: { reason: "WebhookSecret", noun: "webhook secret" },
  sessionKey: { reason: "SessionKey", noun: "session key" },
} as const satisfies Record<Kind, { readonly reason: string; readonly noun: string }>;

/**
 * What happened between two statuses. So an event follows from what is there, and one that a crash kept from being written
 * is written by the next visit; one that was written before the status could be is counted twice.
 */
export const toCredentialEvents = (
  kind: Kind,
  before: CredentialStatus | undefined,
  after: CredentialStatus,
): readonly RecordedEvent[] => {
  const { reason, noun } = names[kind];
  const events: RecordedEvent[] = [];
  if (before?.id !== undefined && after.id !== undefined && before.id !== after.id) {
    const old = after.retiring?.find(({ id }) => id === before.id);
    const fate = old ? `works until ${old.revokeAt}` : "is refused";
    events.push({
      type: "Normal",
      reason: `${reason}Rotated` satisfies EventReason,
      message: `${capitalize(noun)} ${after.id} is in force; ${before.id} ${fate}.`,
    });
  }
  for (const { id } of before?.retiring ?? []) {
    if (id === after.id || after.retiring?.some((still) => still.id === id)) continue;
    events.push({
      type: "Normal",
      reason: `${reason}Revoked` satisfies EventReason,
      message: `${capitalize(noun)} ${id} is refused from now on.`,
    });
  }
  return events;
};

/**
 * What people should hear of before a new credential is made that nobody asked for; undefined where nothing was lost.
 * Warning: what others hold is about to stop working.
 */
export const toLossEvent = (kind: HeldKind, cause: RotationCause, secretName: string): RecordedEvent | undefined => {
  const problem = describeLoss(kind, cause, secretName);
  if (problem === undefined) return undefined;
  return {
    type: "Warning",
    reason: `${names[kind].reason}Lost` satisfies EventReason,
    message: `${problem} A new one is made; what was in force before works until its overlap ends.`,
  };
};

/** Why a new one is needed, in a sentence; undefined where one was asked for, or is the first. */
export const describeLoss = (kind: HeldKind, cause: RotationCause, secretName: string): string | undefined => {
  const { noun } = names[kind];
  switch (cause) {
    case "secret-lost":
      return `The ${noun} is no longer in Secret ${secretName}, and the database has only its hash.`;
    case "altered":
      return `The ${noun} in Secret ${secretName} was changed, and the database does not know it.`;
    case "unknown":
      return `The database does not know the ${noun} in Secret ${secretName}.`;
    case "replaced":
      return `Somebody else has replaced the ${noun} in Secret ${secretName}.`;
    case "created":
    case "age":
    case "token":
      return undefined;
  }
};

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
