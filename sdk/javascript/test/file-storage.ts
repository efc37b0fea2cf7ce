import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { OutboxStorage } from "../src/outbox-entry.ts";

/** A storage in a file, as a browser's is: written at once, and there for whoever comes next. */
export function openFileStorage(path: string): OutboxStorage {
  const read = (): Map<string, string> =>
    new Map(existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as [string, string][]) : []);
  const change = (edit: (texts: Map<string, string>) => void): void => {
    const texts = read();
    edit(texts);
    writeFileSync(path, JSON.stringify([...texts]));
  };
  return {
    get length() {
      return read().size;
    },
    key: (index) => [...read().keys()][index] ?? null,
    getItem: (key) => read().get(key) ?? null,
    setItem: (key, value) => change((texts) => texts.set(key, value)),
    removeItem: (key) => change((texts) => texts.delete(key)),
  };
}
