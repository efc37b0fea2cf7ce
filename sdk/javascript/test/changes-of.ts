import type { ChatClient } from "../src/client.ts";
import type { ConnectionChange } from "../src/options.ts";

/** Collects the changes of a client's connection from now on. */
export function changesOf(chat: ChatClient): ConnectionChange[] {
  const changes: ConnectionChange[] = [];
  chat.on("connection", (change) => changes.push(change));
  return changes;
}

/** The states alone. */
export const statesOf = (changes: readonly ConnectionChange[]): string[] => changes.map(({ state }) => state);
