import { pauseProcesses } from "../processes/pause.ts";
import type { Row } from "./row.ts";

export const podHangs: Row = {
  id: 3,
  title: "gateway hangs",
  how: "SIGSTOP of one gateway for 5, 40 and 90 s, another one each time",
  async inject({ world, stage, size, hold, recovered, note }) {
    const seconds = [5, size(40, 10), size(90, 60)];
    for (const [n, length] of seconds.entries()) {
      const pod = world.pods[n % world.pods.length];
      if (pod?.pid === undefined) continue;
      const before = stage.load.acknowledged;
      const paused = pauseProcesses([pod.pid]);
      try {
        await hold(length * 1000);
      } finally {
        await paused.resume();
      }
      note(`messages during ${length} s`, stage.load.acknowledged - before);
      await recovered();
    }
  },
};
