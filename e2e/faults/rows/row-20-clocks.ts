import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sendSignal } from "../../../scripts/process/processes.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { startRetries } from "../load/churn.ts";
import type { Row, Scene } from "./row.ts";

const minuteMs = 60_000;

export const clocks: Row = {
  id: 20,
  title: "clocks differ",
  how: "a module loaded before the gateway moves its Date: one is 10 min ahead, one 50 s behind, one jumps back an hour under load",
  async inject(scene) {
    const { world, stage, size, hold, recovered, note } = scene;
    const setClock = await skewClocks(scene);
    await setClock(0, 10 * minuteMs);
    await setClock(1, -50_000);
    await hold(size(15_000, 3000));
    await recovered();
    // An hour is far beyond the leeway for tokens: this gateway refuses the tokens that were minted since.
    const last = world.pods.length - 1;
    await setClock(last, -60 * minuteMs);
    await hold(size(15_000, 3000));
    await setClock(last, 0);
    const retries = startRetries(stage.clients);
    await recovered();
    await retries.stop();
    note("clients refused by the gateway in the past", retries.refused.size);
    note("sends refused there", stage.load.tally.get("401 unauthorized") ?? 0);
    for (const [n] of world.pods.entries()) await setClock(n, 0);
    await restart(scene);
    await recovered();
  },
};

type SetClock = (pod: number, offsetMs: number) => Promise<void>;

/** Restarts the gateways with a clock that can be set. */
const skewClocks = async ({ world }: Scene): Promise<SetClock> => {
  const fileOf = (name: string): string => join(world.dir, `${name}.skew`);
  for (const pod of world.pods) {
    await writeFile(fileOf(pod.name), "0");
    await pod.terminate();
    const program = world.program({ SKEW_FILE: fileOf(pod.name) });
    await pod.start({ ...program, preload: ["e2e/faults/processes/skewed-clock.ts"] });
  }
  return async (n, offsetMs) => {
    const pod = world.pods[n];
    if (pod?.pid === undefined) return;
    await writeFile(fileOf(pod.name), String(offsetMs));
    sendSignal(pod.pid, "SIGUSR2");
    const isTaken = async () => (await readFile(`${fileOf(pod.name)}.taken`, "utf8")) === String(offsetMs);
    if (!(await waitUntil(isTaken, { limitMs: 10_000 }))) throw new Error(`unable to set the clock of ${pod.name}`);
  };
};

const restart = async ({ world }: Scene): Promise<void> => {
  for (const pod of world.pods) {
    await pod.terminate();
    await pod.start(world.program());
  }
};
