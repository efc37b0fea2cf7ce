import type { KeyRing } from "../auth/key-ring.ts";
import type { Files } from "../files/files.ts";
import type { Db } from "../store/db.ts";
import type { Announcer } from "./announcer.ts";
import type { Credentials } from "./credentials.ts";
import type { Cursors } from "./cursor.ts";
import type { Idempotency } from "./idempotency.ts";
import type { MessageWriter } from "./message-writer.ts";
import type { RateLimiter } from "./rate-limiter/rate-limiter.ts";

/** Everything the chat functions may use; each asks for the part it needs. Built in `gateway.ts`. */
export interface ChatDeps {
  readonly db: Db;
  readonly writer: MessageWriter;
  readonly announcer: Announcer;
  readonly credentials: Credentials;
  readonly cursors: Cursors;
  /** Seals secrets before they are stored. */
  readonly keys: KeyRing;
  readonly idempotency: Idempotency;
  /** Undefined when nothing is limited. */
  readonly rateLimiter: RateLimiter | undefined;
  /** Undefined when files are kept nowhere. */
  readonly files: Files | undefined;
  /** The time, for tokens and links. */
  readonly now: () => Date;
  /** A new id; ids made later sort later. */
  readonly newId: () => string;
}
