import fc from "fast-check";
import type { Stage } from "../stage/stage.ts";
import { toCurl } from "./curl.ts";
import { readApi } from "./operations.ts";
import type { Played, Player } from "./player.ts";
import { createPlayer } from "./player.ts";
import type { PlannedRequest } from "./request.ts";
import { createRequests } from "./request.ts";

/** A run of requests made from the OpenAPI file. */
export interface RestRun {
  /** Those that were answered; more than asked for. */
  readonly requests: number;
  readonly seconds: number;
  readonly byStatus: ReadonlyMap<number, number>;
  readonly byCode: ReadonlyMap<string, number>;
  /** Operations that answered a success at least once. */
  readonly succeeded: ReadonlySet<string>;
  /** Those that never did. */
  readonly neverSucceeded: readonly string[];
  /** What was wrong, each kind once. */
  readonly findings: readonly Finding[];
}

/** One kind of wrong answer. */
export interface Finding {
  readonly operation: string;
  readonly problem: string;
  readonly times: number;
  /** Sends the smallest request that was found to show it. */
  readonly curl: string;
  readonly answer: string;
}

export interface RestFuzzOptions {
  readonly requests: number;
  readonly seed: number;
  /** Told how many were sent so far, now and then. */
  readonly onProgress?: (sent: number) => void;
}

/** Requests between two that stock up what the requests need. */
const restockEvery = 100;
const progressEvery = 1000;
const shrinksMax = 200;
const findingsShrunkMax = 20;

/**
 * Sends requests made from the OpenAPI file, good and bad, and judges every answer. Some are sent several times at once, so
 * that they are a few more than asked for. The same seed makes the same requests. Of each kind of wrong answer the first is
 * made as small as it can be.
 */
export const fuzzRest = async (stage: Stage, { requests, seed, onProgress }: RestFuzzOptions): Promise<RestRun> => {
  const startedAt = performance.now();
  const api = await readApi();
  const plans = createRequests(api);
  using player = createPlayer(stage, api);
  const byStatus = new Map<number, number>();
  const byCode = new Map<string, number>();
  const found = new Map<string, FirstFinding>();
  let sent = 0;

  const note = async (planned: PlannedRequest): Promise<void> => {
    if (sent % restockEvery === 0) await player.restock();
    const run = sent++;
    const played = await player.play(planned);
    for (const answer of played.answers) count(answer, byStatus, byCode);
    for (const problem of played.problems) {
      const key = `${planned.operation.id} ${problem}`;
      const before = found.get(key) ?? {
        operation: planned.operation.id,
        problem,
        run,
        times: 0,
        ...show(stage, played),
      };
      found.set(key, { ...before, times: before.times + 1 });
    }
    if (sent % progressEvery === 0) onProgress?.(sent);
  };
  await fc.assert(fc.asyncProperty(plans, note), { seed, numRuns: requests, endOnFailure: true });

  const findings: Finding[] = [];
  for (const finding of found.values()) {
    const canShrink = stage.gateway.end === undefined && findings.length < findingsShrunkMax;
    findings.push(canShrink ? await shrink(finding, { stage, player, plans, seed }) : finding);
  }
  return {
    requests: [...byStatus.values()].reduce((sum, some) => sum + some, 0),
    seconds: (performance.now() - startedAt) / 1000,
    byStatus,
    byCode,
    succeeded: player.succeeded,
    neverSucceeded: api.operations.map(({ id }) => id).filter((id) => !player.succeeded.has(id)),
    findings,
  };
};

interface FirstFinding extends Finding {
  /** Which of the requests it was. */
  readonly run: number;
}

interface Shrinking {
  readonly stage: Stage;
  readonly player: Player;
  readonly plans: fc.Arbitrary<PlannedRequest>;
  readonly seed: number;
}

/** Makes the request of a finding anew and looks for a smaller one with the same problem. */
const shrink = async (finding: FirstFinding, { stage, player, plans, seed }: Shrinking): Promise<Finding> => {
  let smallest: Finding = finding;
  let tried = 0;
  const isFine = async (planned: PlannedRequest): Promise<boolean> => {
    if (planned.operation.id !== finding.operation || tried++ > shrinksMax) return true;
    const played = await player.play(planned);
    if (!played.problems.includes(finding.problem)) return true;
    smallest = { ...finding, ...show(stage, played) };
    return false;
  };
  await fc.check(fc.asyncProperty(plans, isFine), { seed, path: String(finding.run), numRuns: 1 });
  return smallest;
};

const count = (
  { status, text }: Played["answers"][number],
  byStatus: Map<number, number>,
  byCode: Map<string, number>,
): void => {
  byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  const code = status < 400 ? undefined : /"code":"(\w+)"/.exec(text)?.[1];
  if (code !== undefined) byCode.set(code, (byCode.get(code) ?? 0) + 1);
};

const answerCharsShown = 600;

const show = ({ gateway }: Stage, { wire, answers: [answer] }: Played): Pick<Finding, "curl" | "answer"> => ({
  curl: toCurl(gateway.url, wire),
  answer: answer ? `${answer.status} ${answer.text.slice(0, answerCharsShown)}` : "(none)",
});
