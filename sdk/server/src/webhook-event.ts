import type { Message } from "./wire.ts";

/** The names of the events that a gateway sends; a newer one may send others. */
export type WebhookEventName =
  | "message.created"
  | "message.updated"
  | "message.deleted"
  | "call.started"
  | "call.ended"
  | "call.missed"
  | "console.test"
  | (string & {});

/** What a webhook says. Fields that this version does not know are there too. */
export interface WebhookEvent {
  readonly event: WebhookEventName;
  /** The same for every delivery of one event: keep it to see a repeat. */
  readonly id?: string;
  readonly tenantId?: string;
  readonly createdAt?: string;
  readonly roomId?: string;
  readonly room?: {
    readonly id: string;
    readonly externalId: string | null;
    readonly customType: string | null;
  };
  /** Who sent the message. */
  readonly senderId?: string;
  /** For message events, without links to files: ask `uploads.getAccess` for those. */
  readonly message?: Message;
  readonly [field: string]: unknown;
}
