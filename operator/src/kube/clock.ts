/** Time as the engine sees it: the real one, or one that a test moves. Every wait of the engine goes through here. */
export interface Clock {
  /** Milliseconds that never go backwards; only differences mean something. */
  now(): number;
  /** The time of day, for what people and other processes read. */
  date(): Date;
  /** Waits; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A number from 0 to 1, without 1: jitter comes from here. */
  random(): number;
}
