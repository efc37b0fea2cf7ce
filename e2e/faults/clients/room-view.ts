import type { Seen } from "../../checker/history.ts";
import type { WireMessage } from "../load/payload.ts";
import { toSeen } from "../load/payload.ts";

/**
 * What an app that knows no `seq` has of one room. After each connect it reads pages, newest first, until it meets a
 * message from which on it had everything before: one that it had when it last had caught up.
 */
export interface RoomView {
  has(id: string): boolean;
  /** A message came live. */
  show(id: string): void;
  /** A new connection, or another hole: what comes from now on does not join on to what was there. */
  open(): void;
  /** True once what was missed has been read. */
  readonly isWhole: boolean;
  /**
   * Reads what was missed. Answers what it read; undefined when the room is not the user's. Throws when a page cannot be
   * had.
   */
  read(fetchPage: FetchPage): Promise<readonly Seen[] | undefined>;
  /** Takes what was read: the view has no hole now. */
  close(read: readonly Seen[]): void;
}

/** A page, newest first; undefined when there is no such room. */
export type FetchPage = (
  cursor: string | undefined,
) => Promise<{ readonly messages: readonly WireMessage[]; readonly nextCursor: string | null } | undefined>;

export const createRoomView = (): RoomView => {
  const shown = new Set<string>();
  /** Of these, those below which nothing is missing. */
  const settled = new Set<string>();
  let whole = false;
  return {
    has: (id) => shown.has(id),
    show(id) {
      shown.add(id);
      if (whole) settled.add(id);
    },
    open() {
      whole = false;
    },
    get isWhole() {
      return whole;
    },
    async read(fetchPage) {
      const read: Seen[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await fetchPage(cursor);
        if (!page) return undefined;
        read.push(...page.messages.map(toSeen));
        if (page.nextCursor === null || page.messages.some(({ id }) => settled.has(id))) return read;
        cursor = page.nextCursor;
      }
    },
    close(read) {
      for (const { id } of read) shown.add(id);
      whole = true;
      for (const id of shown) settled.add(id);
    },
  };
};
