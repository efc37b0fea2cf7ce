import { type Sendsar, assembleSendsar } from "./client.ts";
import { realDeps } from "./deps.ts";
import type { SendsarOptions } from "./options.ts";

/**
 * Creates a client for a tenant's gateway. Nothing is sent before the first call. Throws `invalid_options` for a URL or a
 * key that cannot be one.
 *
 * @example
 * import { createSendsar } from "@sendsar/server-sdk";
 *
 * const sendsar = createSendsar({ apiUrl: "http://localhost:3001/v1", apiKey: process.env.API_KEY ?? "" });
 * await sendsar.users.upsert({ id: "buyer_5", username: "Dara" });
 * for await (const room of sendsar.rooms.all({ participantId: "buyer_5" })) console.log(room.name);
 */
export const createSendsar = (options: SendsarOptions): Sendsar => assembleSendsar(realDeps, options);

export { directExternalId } from "./ensure-rooms.ts";
export { SendsarError } from "./errors.ts";
export { createNodeSessionHandler, createSessionHandler } from "./session-handler.ts";
export { version } from "./version.ts";
export { verifyWebhook } from "./webhook.ts";
export { PROTOCOL_VERSION } from "./wire.ts";
export type { Apps } from "./apps.ts";
export type { ChatSession, ChatUser, SessionRouteOptions } from "./chat-session.ts";
export type { Sendsar } from "./client.ts";
export type { Devices } from "./devices.ts";
export type { DirectRoomFields, GroupFields, RoomEnsurer, Someone } from "./ensure-rooms.ts";
export type { ErrorDetail, LocalErrorCode, SendsarErrorCode, SendsarErrorFields } from "./errors.ts";
export type { Acting, MessageContent, Messages, NewMessage } from "./messages.ts";
export type { CallOptions, SendsarOptions, WriteOptions } from "./options.ts";
export type { Receipts } from "./receipts.ts";
export type { Rooms } from "./rooms.ts";
export type { NodeRequest, NodeResponse } from "./session-handler.ts";
export type { IssuedBefore, Sessions } from "./sessions.ts";
export type { ChatSettings } from "./settings-cache.ts";
export type { Tenant } from "./tenant.ts";
export type { NewFile, Uploads } from "./uploads.ts";
export type { Users } from "./users.ts";
export type { WebhookEvent, WebhookEventName } from "./webhook-event.ts";
export type { WebhookHeaders, WebhookOptions } from "./webhook.ts";
export type * from "./wire.ts";
