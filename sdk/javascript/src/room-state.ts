import type { SendsarError } from "./errors.ts";
import type { RoomView } from "./room-view.ts";

/** An open room as it stands now. A new object after every change. */
export interface RoomState extends RoomView {
  readonly roomId: string;
  /** True while the newest page is read: at the beginning, and when too much was missed. */
  readonly isLoading: boolean;
  readonly isLoadingOlder: boolean;
  /** Why the newest page could not be read. It is read again when the connection is up again, and by `reload`. */
  readonly error: SendsarError | undefined;
  /** False once the user left or was removed: from then on nothing comes. */
  readonly isMember: boolean;
}

/** What a subscription can be told. */
export interface RoomSubscriptionOptions {
  /** Messages in a page: 50 when left out, 100 at most. */
  readonly pageSize?: number | undefined;
  /** Whether what is shown is marked as read, while the page can be seen. True when left out. */
  readonly marksRead?: boolean | undefined;
  /** Takes what goes wrong in the background, with a read receipt for example; left out, it goes to `reportError`. */
  readonly onError?: ((error: SendsarError) => void) | undefined;
}

/** A room that is kept up to date until it is closed. */
export interface RoomSubscription {
  readonly state: RoomState;
  /** Resolves when the newest page and the room are there; rejects when they could not be read. */
  readonly ready: Promise<void>;
  /**
   * Reads the next page of older messages. Does nothing when there is none, while one is being read, and when 5,000 messages
   * are kept already.
   */
  loadOlder(): Promise<void>;
  /** Reads the newest page and the room again, and forgets older messages. */
  reload(): Promise<void>;
  /** Ends it, and says that the user does not type in the room any more. */
  close(): void;
}
