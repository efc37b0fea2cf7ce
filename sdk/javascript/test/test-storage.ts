import type { OutboxStorage } from "../src/outbox-entry.ts";

/** A storage in memory, as a browser's is over reloads. While `isFull` it takes nothing. */
export interface TestStorage extends OutboxStorage {
  isFull: boolean;
  readonly texts: Map<string, string>;
}

export function createTestStorage(): TestStorage {
  const texts = new Map<string, string>();
  return {
    isFull: false,
    texts,
    get length() {
      return texts.size;
    },
    key: (index) => [...texts.keys()][index] ?? null,
    getItem: (key) => texts.get(key) ?? null,
    setItem(key, value) {
      if (this.isFull) throw new DOMException("the quota has been exceeded", "QuotaExceededError");
      texts.set(key, value);
    },
    removeItem: (key) => void texts.delete(key),
  };
}
