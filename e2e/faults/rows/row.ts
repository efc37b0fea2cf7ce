import type { Random } from "../load/random.ts";
import type { Stage } from "../stage/stage.ts";
import type { World } from "../world.ts";

/** One row of the fault matrix. */
export interface Row {
  /** Its number in the matrix. */
  readonly id: number;
  readonly title: string;
  /** How the fault is made here, in one sentence for the report. */
  readonly how: string;
  /** Makes the fault, as often as the scene says, and waits after each until all is well again. */
  inject(scene: Scene): Promise<void>;
}

/** What a row works with. */
export interface Scene {
  readonly world: World;
  readonly stage: Stage;
  readonly random: Random;
  /** Picks how often or how long: the first in a full run, the second in a quick one. */
  size(full: number, quick: number): number;
  /** Waits while the load goes on: a fault has a length. */
  hold(ms: number): Promise<void>;
  /** Says that a fault is over: measures how long it takes until all is well. */
  recovered(): Promise<void>;
  /** A number of the row for the report. */
  note(name: string, value: number | string): void;
  /** Something that must hold beside the rules of the checker. */
  must(holds: boolean, sentence: string): void;
}
