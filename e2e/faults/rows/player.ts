import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectDir } from "../../../scripts/start/home.ts";
import { reasonOf } from "../../../scripts/process/sentence.ts";
import type { History } from "../../checker/history.ts";
import type { Random } from "../load/random.ts";
import type { Scale } from "../stage/scale.ts";
import type { World } from "../world.ts";
import { startWorld } from "../world.ts";
import type { Row } from "./row.ts";
import type { RowResult } from "./run-row.ts";
import { runRow } from "./run-row.ts";

/** What came of a row, or why it could not be played to its end. */
export type Outcome =
  | { readonly row: Row; readonly result: Omit<RowResult, "history"> }
  | { readonly row: Row; readonly failure: string };

/** Plays rows, one after the other, in one world; after a row that went wrong in a new one. */
export interface Player extends AsyncDisposable {
  play(row: Row, messages: number): Promise<Outcome>;
}

export interface PlayerOptions {
  readonly pods: number;
  readonly scale: Scale;
  readonly random: Random;
  readonly isFull: boolean;
}

/** Nothing is started before the first row. */
export const createPlayer = ({ pods, scale, random, isFull }: PlayerOptions): Player => {
  let world: World | undefined;
  const endWorld = async (): Promise<void> => {
    const ending = world;
    world = undefined;
    await ending?.[Symbol.asyncDispose]();
  };
  return {
    async play(row, messages) {
      try {
        world ??= await startWorld({ pods, random });
        // A history is large, and judged by now.
        const { history, ...result } = await runRow(row, { world, scale, random, isFull, messages });
        if (result.verdict.violations.length > 0) await keepHistory(row, history);
        if (result.problems.length > 0) await endWorld();
        return { row, result };
      } catch (error) {
        await endWorld();
        return { row, failure: reasonOf(error) };
      }
    },
    [Symbol.asyncDispose]: endWorld,
  };
};

/** For whoever wants to know more than the first few violations. */
const keepHistory = async (row: Row, history: History): Promise<void> => {
  const dir = join(projectDir, ".sendsar/faults");
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, `row-${row.id}.json`), JSON.stringify(history));
};

/** True if every promise was kept. */
export const isKept = (outcome: Outcome): boolean =>
  "result" in outcome && outcome.result.verdict.violations.length === 0 && outcome.result.problems.length === 0;
