import type { EndpointId, EndpointInput, EndpointOutput, EndpointStatus, Endpoints } from "@sendsar/protocol/endpoints";
import type { Actor } from "../chat/actor.ts";
import type { ChatDeps } from "../chat/deps.ts";
import { appHandlers } from "./routes/apps.ts";
import { conversationHandlers } from "./routes/conversations.ts";
import { deviceHandlers } from "./routes/devices.ts";
import { messageHandlers } from "./routes/messages.ts";
import { rateLimitHandlers } from "./routes/rate-limits.ts";
import { receiptHandlers } from "./routes/receipts.ts";
import { roomHandlers } from "./routes/rooms.ts";
import { tenantHandlers } from "./routes/tenant.ts";
import { uploadHandlers } from "./routes/uploads.ts";
import { userHandlers } from "./routes/users.ts";

/** A validated call and who makes it. */
export interface Call<E> extends EndpointInput<E> {
  readonly actor: Actor;
}

/** What serves an endpoint: one call of a chat function, and the status that goes with its outcome. */
export type Handler<E> = (
  deps: ChatDeps,
  call: Call<E>,
) => Promise<{ readonly status: EndpointStatus<E>; readonly body: EndpointOutput<E> }>;

/** Handlers of some endpoints. */
export type Handlers<K extends EndpointId> = { readonly [P in K]: Handler<Endpoints[P]> };

/** The handler of every endpoint: one that is missing, or answers something else, does not compile. */
export const handlers: Handlers<EndpointId> = {
  ...userHandlers,
  ...deviceHandlers,
  ...roomHandlers,
  ...conversationHandlers,
  ...messageHandlers,
  ...receiptHandlers,
  ...uploadHandlers,
  ...tenantHandlers,
  ...appHandlers,
  ...rateLimitHandlers,
};
