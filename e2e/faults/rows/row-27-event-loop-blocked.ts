import { pauseProcesses } from "../processes/pause.ts";
import type { Row } from "./row.ts";

export const eventLoopBlocked: Row = {
  id: 27,
  title: "event loop blocked",
  how: "SIGSTOP of each gateway in turn for 3 s: to everybody else the same as a computation that takes 3 s",
  async inject({ world, stage, size, hold, recovered, note, must }) {
    const losses = (): number => stage.steady.reduce((sum, { counts }) => sum + counts.losses, 0);
    const before = losses();
    const blocks = size(6, 2);
    for (let n = 0; n < blocks; n++) {
      const pid = world.pods[n % world.pods.length]?.pid;
      if (pid === undefined) continue;
      const paused = pauseProcesses([pid]);
      try {
        await hold(3000);
      } finally {
        await paused.resume();
      }
      await recovered();
    }
    must(losses() === before, `${losses() - before} clients lost their connection`);
    note("blocks", blocks);
  },
};
