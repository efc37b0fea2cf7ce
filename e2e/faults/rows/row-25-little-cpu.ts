import { pauseProcesses } from "../processes/pause.ts";
import { sendSignal } from "../../../scripts/process/processes.ts";
import type { Row } from "./row.ts";

const periodMs = 100;
const runMs = 20;

export const littleCpu: Row = {
  id: 25,
  title: "little CPU",
  how: "SIGSTOP and SIGCONT in turn let one gateway run for 20 ms of every 100; cgroups need rights that not everybody has",
  async inject({ world, stage, size, hold, recovered, note, must }) {
    const losses = (): number => stage.steady.reduce((sum, { counts }) => sum + counts.losses, 0);
    const before = losses();
    const pid = world.pods[0]?.pid;
    if (pid === undefined) return;
    // The guard of a pause that lasts as long as this: should we end, the gateway goes on.
    const guard = pauseProcesses([pid]);
    try {
      const until = performance.now() + size(30_000, 8000);
      while (performance.now() < until) {
        sendSignal(pid, "SIGCONT");
        await hold(runMs);
        sendSignal(pid, "SIGSTOP");
        await hold(periodMs - runMs);
      }
    } finally {
      await guard.resume();
    }
    must(losses() === before, `${losses() - before} clients lost their connection`);
    note("clients lost", losses() - before);
    await recovered();
  },
};
