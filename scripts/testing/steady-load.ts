import { setInterval } from "node:timers/promises";
import type { TestAnswer } from "./client.ts";

/** What became of one call. */
export interface CallRecord {
  readonly name: string;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly ms: number;
  /** 0 when there was no answer at all. */
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | null;
  readonly body: TestAnswer["body"];
}

/** Calls that go on whatever happens, as clients do. */
export interface SteadyLoad {
  /** Calls that have ended. */
  readonly records: readonly CallRecord[];
  /** Starts no more, and waits for the last answer. */
  stop(): Promise<readonly CallRecord[]>;
}

/** Makes each of these calls every `everyMs`, without waiting for the one before. */
export const startSteadyLoad = (
  calls: Readonly<Record<string, () => Promise<TestAnswer>>>,
  everyMs: number,
): SteadyLoad => {
  const records: CallRecord[] = [];
  const running: Promise<unknown>[] = [];
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    for await (const _ of setInterval(everyMs, undefined, { signal: stopping.signal })) {
      for (const [name, call] of Object.entries(calls))
        running.push(recordCall(name, call).then((one) => records.push(one)));
    }
  };
  const ended = run().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    records,
    async stop() {
      stopping.abort();
      await ended;
      await Promise.all(running);
      return records;
    },
  };
};

/** Makes one call and tells what became of it. */
export const recordCall = async (name: string, call: () => Promise<TestAnswer>): Promise<CallRecord> => {
  const startedAt = performance.now();
  const since = (): number => performance.now() - startedAt;
  try {
    const { status, body, headers } = await call();
    return { name, startedAt, ms: since(), status, code: body?.code, retryAfter: headers.get("retry-after"), body };
  } catch (error) {
    return { name, startedAt, ms: since(), status: 0, code: String(error), retryAfter: null, body: undefined };
  }
};
