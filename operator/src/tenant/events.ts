import { nothingToDo } from "./reasons/reason.ts";

/** An event that the operator writes about a Tenant, beside those of `Ready`, whose reason is the condition's. */
export interface EventDocs {
  readonly type: "Normal" | "Warning";
  /** What has happened: a sentence. */
  readonly meaning: string;
  /** What to do about it: a sentence. */
  readonly advice: string;
}

/** Every reason of an event: stable, documented, tested. Source of the reference page. */
export const events = {
  ApiKeyRotated: {
    type: "Normal",
    meaning: "A new API key is in the Secret and in force. The one before works until its overlap ends.",
    advice: "Let your servers read the Secret again.",
  },
  ApiKeyRevoked: {
    type: "Normal",
    meaning: "The overlap of an old API key is over, and it is refused.",
    advice: nothingToDo,
  },
  ApiKeyLost: {
    type: "Warning",
    meaning:
      "The Secret was deleted or changed by somebody, and what was in it cannot be made again: a new API key is in its place.",
    advice: "Let your servers read the Secret again, and find out who did it.",
  },
  WebhookSecretRotated: {
    type: "Normal",
    meaning: "A new webhook secret is in the Secret and signs. The one before signs too until its overlap ends.",
    advice: "Let what receives your webhooks read the Secret again.",
  },
  WebhookSecretRevoked: {
    type: "Normal",
    meaning: "The overlap of an old webhook secret is over, and it signs no longer.",
    advice: nothingToDo,
  },
  WebhookSecretLost: {
    type: "Warning",
    meaning: "The Secret was deleted or changed by somebody, and a new webhook secret is in its place.",
    advice: "Let what receives your webhooks read the Secret again, and find out who did it.",
  },
  SessionKeyRotated: {
    type: "Normal",
    meaning: "A new key signs the session tokens. Tokens of the one before are accepted until its overlap ends.",
    advice: nothingToDo,
  },
  SessionKeyRevoked: {
    type: "Normal",
    meaning: "The overlap of an old session key is over, and tokens that it signed are refused.",
    advice: nothingToDo,
  },
  DatabaseLoginRotated: {
    type: "Normal",
    meaning: "The gateways got a new login for the database and are replaced one after another.",
    advice: nothingToDo,
  },
  DataRetained: {
    type: "Normal",
    meaning: "The resource is being deleted, and the tenant's data is kept.",
    advice: "A resource of the same namespace and name takes it up again.",
  },
  DataDeleted: {
    type: "Normal",
    meaning: "The resource is being deleted, and the tenant's data has been removed for good.",
    advice: nothingToDo,
  },
  DataAbandoned: {
    type: "Warning",
    meaning:
      "The resource is being deleted without the database, as its annotation `chat.sendsar.com/abandon-data` asks.",
    advice: "Remove what is left of the tenant in the database, its credentials above all.",
  },
} as const satisfies Readonly<Record<string, EventDocs>>;

export type EventReason = keyof typeof events;
