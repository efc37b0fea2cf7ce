import type { Secret } from "../../desired/kinds.ts";
import type { CredentialsData } from "../../desired/secrets.ts";
import { readSecretValue } from "../../desired/secrets.ts";
import { toCredentialId } from "./credential-id.ts";
import type { HeldKind } from "./held-kinds.ts";
import { heldKinds } from "./held-kinds.ts";
import type { Held, Step } from "./next-step.ts";

/** One kind's part of the Secret, in plain text. Stays in the process's memory: no log, no event, no error has it. */
export interface HeldContent {
  readonly value?: string;
  readonly statedId?: string;
  readonly pending?: string;
  /** The token that the value was made under; absent when nothing says so. */
  readonly rotationToken?: string;
}

export const readHeldContent = (kind: HeldKind, secret: Secret | undefined): HeldContent => {
  if (!secret) return {};
  const { keys, tokenAnnotation } = heldKinds[kind];
  const value = readSecretValue(secret, keys.value);
  const statedId = readSecretValue(secret, keys.id);
  const pending = readSecretValue(secret, keys.pending);
  const rotationToken = secret.metadata.annotations?.[tokenAnnotation];
  return {
    ...(value !== undefined && { value }),
    ...(statedId !== undefined && { statedId }),
    ...(pending !== undefined && { pending }),
    ...(rotationToken !== undefined && { rotationToken }),
  };
};

/** What the machine sees of it: fingerprints, never the plain text. */
export const toHeld = (kind: HeldKind, { value, statedId, pending }: HeldContent): Held => ({
  ...(value !== undefined && { currentId: toCredentialId(kind, value) }),
  ...(statedId !== undefined && { statedId }),
  ...(pending !== undefined && {
    pending: { id: toCredentialId(kind, pending), wellFormed: heldKinds[kind].isWellFormed(pending) },
  }),
});

/** What a step makes of it; the same when the step is none of the Secret's. */
export const changeContent = (kind: HeldKind, content: HeldContent, step: Step, rotationToken: string): HeldContent => {
  const { pending, ...rest } = content;
  switch (step.do) {
    case "write-pending":
      return { ...rest, pending: heldKinds[kind].create() };
    case "promote":
      return pending === undefined ? content : { value: pending, statedId: step.id, rotationToken };
    case "drop-pending":
      return rest;
    default:
      return content;
  }
};

/** As it stands in the Secret. Ids follow from the values, so that one that was altered is put right. */
export const toHeldData = (kind: HeldKind, { value, pending }: HeldContent): CredentialsData => {
  const { keys } = heldKinds[kind];
  return {
    ...(value !== undefined && { [keys.value]: value, [keys.id]: toCredentialId(kind, value) }),
    ...(pending !== undefined && { [keys.pending]: pending, [keys.pendingId]: toCredentialId(kind, pending) }),
  };
};

export const toHeldNotes = (kind: HeldKind, { rotationToken }: HeldContent): Record<string, string> =>
  rotationToken === undefined ? {} : { [heldKinds[kind].tokenAnnotation]: rotationToken };
