import type { Entry } from "../../checker/history.ts";

type Unstamped<E> = E extends Entry ? Omit<E, "at"> : never;

/** Writes the history of a run: in this process, on one monotonic clock, in the order in which things happen. */
export interface Recorder {
  readonly entries: readonly Entry[];
  /** Milliseconds. */
  now(): number;
  note(entry: Unstamped<Entry>): void;
}

export const createRecorder = (): Recorder => {
  const entries: Entry[] = [];
  const now = (): number => performance.now();
  return { entries, now, note: (entry) => void entries.push({ ...entry, at: now() } as Entry) };
};
