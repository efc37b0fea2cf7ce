import { SendsarError } from "./errors.ts";

/** A page of a list. */
interface Page {
  /** `cursor` of the next page; null at the end. */
  readonly nextCursor: string | null;
}

/**
 * The items of a list, page by page: the next page is read when the items of the one before are used up. Rejects with what
 * reading rejects with, and with `invalid_answer` when a page leads to itself.
 */
export async function* eachItem<P extends Page, Item>(
  operation: string,
  readPage: (cursor: string | undefined) => Promise<P>,
  itemsOf: (page: P) => readonly Item[],
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await readPage(cursor);
    yield* itemsOf(page);
    const next = page.nextCursor ?? undefined;
    if (next !== undefined && next === cursor) {
      throw new SendsarError(operation, "a page leads to itself", { code: "invalid_answer" });
    }
    cursor = next;
  } while (cursor !== undefined);
}
