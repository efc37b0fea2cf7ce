import type { ConditionDocs } from "./reason.ts";
import { nothingToDo } from "./reason.ts";

export const credentialsReady = {
  meaning: "The API key and the webhook secret in the Secret are those that the gateways accept and sign with.",
  reasons: {
    InForce: { status: ["True"], meaning: "They are, and no older ones are accepted any more.", advice: nothingToDo },
    Overlap: {
      status: ["True"],
      meaning: "They are, and older ones work until the times that the lists `retiring` of the status tell.",
      advice: "Make sure that all who use them have read the Secret again by then.",
    },
    SecretNotOwned: {
      status: ["False"],
      meaning:
        "A Secret of the name that the operator needs is there and is not its own. It is neither read nor touched.",
      advice: "Remove or rename that Secret, or choose another `spec.apiKey.secretName`.",
    },
    SecretMissing: {
      status: ["False"],
      meaning: "The Secret that `spec.apiKey.secretName` names is not there, or has no key `apiKey`.",
      advice: "Make the Secret, or use `source: Generated`.",
    },
    KeyMismatch: {
      status: ["False"],
      meaning:
        "The value of `apiKey` in the Secret that `spec.apiKey.secretName` names is not a key, or one that has been replaced before. The key in force stays.",
      advice:
        "Put a key into the Secret that was made as keys are (`sk_`, 43 letters and digits, their checksum), or use `source: Generated`.",
    },
    TooManyRetiring: {
      status: ["False"],
      meaning: "Ten old credentials of a kind still work, so no new one is made.",
      advice: "Wait until some are over; find out who changes the Secret, for somebody does so again and again.",
    },
  },
} as const satisfies ConditionDocs;

export const settingsSynced = {
  meaning: "The settings and quotas of the spec are those in the database.",
  reasons: {
    Synced: { status: ["True"], meaning: "They are.", advice: nothingToDo },
    RejectedByGateway: {
      status: ["False"],
      meaning: "A setting or quota has a value that the gateway does not take. None of the new ones are in force.",
      advice: "Change the value that the message names.",
    },
  },
} as const satisfies ConditionDocs;
