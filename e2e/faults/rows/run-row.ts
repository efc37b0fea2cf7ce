import type { Verdict } from "../../checker/check-history.ts";
import type { History } from "../../checker/history.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { sleep } from "../load/load.ts";
import type { Random } from "../load/random.ts";
import type { Scale } from "../stage/scale.ts";
import { setStage } from "../stage/stage.ts";
import type { World } from "../world.ts";
import type { Row, Scene } from "./row.ts";

/** What came of a row. */
export interface RowResult {
  readonly row: Row;
  readonly history: History;
  readonly verdict: Verdict;
  /** Of what else must hold, what did not. */
  readonly problems: readonly string[];
  /** After each fault, until all was well. */
  readonly recoveriesMs: readonly number[];
  readonly notes: ReadonlyMap<string, number | string>;
  /** How the tries to send ended. */
  readonly tally: ReadonlyMap<string, number>;
  readonly seconds: number;
}

export interface RowOptions {
  readonly world: World;
  readonly scale: Scale;
  readonly random: Random;
  readonly isFull: boolean;
  /** Acknowledged messages at least; the load goes on until then. */
  readonly messages: number;
}

/** What must have been acknowledged before the fault comes. */
const warmUpMessages = 50;
const loadMsMax = 300_000;

let stages = 0;

/** Sets a stage of its own, plays the row under load, and judges. Throws when the row cannot be played to its end. */
export const runRow = async (row: Row, { world, scale, random, isFull, messages }: RowOptions): Promise<RowResult> => {
  const startedAt = performance.now();
  await using stage = await setStage({ world, name: `row-${row.id}-${++stages}`, scale, random });
  const enough = async (count: number): Promise<void> => {
    const reached = await waitUntil(() => stage.load.acknowledged >= count, { limitMs: loadMsMax });
    if (!reached) throw new Error(`unable to send ${count} messages; ${stage.load.acknowledged} were acknowledged`);
  };
  const problems: string[] = [];
  const recoveriesMs: number[] = [];
  const notes = new Map<string, number | string>();
  const scene: Scene = {
    world,
    stage,
    random,
    size: (full, quick) => (isFull ? full : quick),
    hold: (ms) => sleep(ms),
    async recovered() {
      recoveriesMs.push(await stage.recover());
    },
    note: (name, value) => void notes.set(name, value),
    must(holds, sentence) {
      if (!holds && !problems.includes(sentence)) problems.push(sentence);
    },
  };
  await enough(warmUpMessages);
  await row.inject(scene);
  await enough(messages);
  const { history, verdict } = await stage.finish();
  for (const { name, crashes } of world.pods) {
    for (const how of crashes) scene.must(false, `${name} ended by itself with ${how}`);
  }
  for (const { facts, counts } of stage.clients) {
    for (const refusal of counts.refusals) scene.must(false, `${facts.kind} clients were refused for good: ${refusal}`);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return { row, history, verdict, problems, recoveriesMs, notes, tally: stage.load.tally, seconds };
};
