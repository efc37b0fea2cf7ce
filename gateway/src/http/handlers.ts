import type { EndpointId } from "@sendsar/protocol/endpoints";
import type { Handlers } from "./handler.ts";
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
