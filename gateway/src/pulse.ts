import { setTimeout } from "node:timers/promises";
import type { Db } from "./store/db.ts";

/**
 * Finds out whether the database answers, and says no when it takes longer than `pulseMsMax`: who asks whether a gateway is
 * ready does not wait long. However many ask at a time, the database is asked once.
 */
export const createPulse = (db: Pick<Db, "ping">): (() => Promise<boolean>) => {
  let asking: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    try {
      await db.ping();
      return true;
    } catch {
      // Whatever the reason, the answer is no; it is logged where the work fails.
      return false;
    } finally {
      asking = undefined;
    }
  };
  return async () => {
    asking ??= ask();
    return (await within(pulseMsMax, asking)) === true;
  };
};

const pulseMsMax = 800;

/** Waits for something, but not for ever: answers undefined when it is too late. */
export const within = async <T>(ms: number, work: Promise<T>): Promise<T | undefined> => {
  const timeout = new AbortController();
  const late = setTimeout(ms, undefined, { signal: timeout.signal }).catch(() => undefined);
  const first = await Promise.race([work, late]);
  timeout.abort();
  return first;
};
