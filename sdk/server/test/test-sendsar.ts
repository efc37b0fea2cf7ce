import { type Sendsar, assembleSendsar } from "../src/client.ts";
import { type Deps, realDeps } from "../src/deps.ts";
import type { SendsarOptions } from "../src/options.ts";

/** A key that must show nowhere. */
export const canaryKey = "sk_live_canary_4f0c1d7be2a94c55b6";

/** A client whose waits take no time: they move its clock. */
export interface TestSendsar {
  readonly sendsar: Sendsar;
  /** How long it waited before each further try, in milliseconds. */
  readonly waits: readonly number[];
}

/** Creates one; chance always says 0.5, and ids are `id-1`, `id-2` and so on. */
export function createTestSendsar(
  apiUrl: string,
  options: Partial<SendsarOptions> = {},
  overrides: Partial<Deps> = {},
): TestSendsar {
  const waits: number[] = [];
  let nowMs = 0;
  let ids = 0;
  const wait = async (delayMs: number): Promise<void> => {
    waits.push(delayMs);
    nowMs += delayMs;
  };
  const deps = {
    ...realDeps,
    now: () => nowMs,
    random: () => 0.5,
    wait,
    createId: () => `id-${(ids += 1)}`,
    ...overrides,
  };
  return { sendsar: assembleSendsar(deps, { apiUrl, apiKey: canaryKey, ...options }), waits };
}

/** What the promise rejects with; throws if it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
