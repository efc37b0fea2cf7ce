import { withFileLinks } from "../chat/files.ts";
import type { FileLinks } from "../files/links.ts";
import type { LogEvent } from "../store/log.ts";

/** An event as it is handed out: its message has fresh links to its files. Those of the log and of doorbells have none. */
export const linkEvent = (links: FileLinks | undefined, tenantId: string, event: LogEvent): LogEvent => {
  if (event.type !== "message.created" && event.type !== "message.updated") return event;
  const message = withFileLinks(links, tenantId, event.message);
  return message === event.message ? event : { ...event, message };
};
