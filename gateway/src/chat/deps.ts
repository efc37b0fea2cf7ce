import type { Db } from "../store/db.ts";
import type { Announcer } from "./announcer.ts";
import type { Credentials } from "./credentials.ts";
import type { Cursors } from "./cursor.ts";
import type { MessageWriter } from "./message-writer.ts";

/** Everything the chat functions may use; each asks for the part it needs. Built in `gateway.ts`. */
export interface ChatDeps {
  readonly db: Db;
  readonly writer: MessageWriter;
  readonly announcer: Announcer;
  readonly credentials: Credentials;
  readonly cursors: Cursors;
  /** The time, for tokens. */
  readonly now: () => Date;
  /** A new id; ids made later sort later. */
  readonly newId: () => string;
}
