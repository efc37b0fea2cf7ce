import type { Row } from "./row.ts";

export const podKilled: Row = {
  id: 1,
  title: "gateway killed",
  how: "kill -9 of each gateway in turn under load; it is started again once its clients are back on the others",
  async inject({ world, size, recovered, note }) {
    const kills = size(10, 3);
    for (let n = 0; n < kills; n++) {
      const pod = world.pods[n % world.pods.length];
      if (!pod) return;
      await pod.kill();
      await recovered();
      await pod.start(world.program());
    }
    await recovered();
    note("kills", kills);
  },
};
