import type { Row } from "./row.ts";

export const rollingRestart: Row = {
  id: 2,
  title: "rolling restart",
  how: "SIGTERM to one gateway after the other, each started again before the next",
  async inject({ world, stage, recovered, note, must }) {
    const before = new Map(stage.load.tally);
    let slowestMs = 0;
    for (const pod of world.pods) {
      const askedAt = performance.now();
      const { how, ms } = await pod.terminate();
      const endedAt = askedAt + ms;
      slowestMs = Math.max(slowestMs, ms);
      must(how === "exit code 0", `${pod.name} ended with ${how}`);
      const toldFirst = world.balancer.seen.some((change) => {
        return change.pod === pod.name && !change.ready && change.at > askedAt && change.at < endedAt;
      });
      must(toldFirst, `${pod.name} was gone before /readyz said so`);
      await pod.start(world.program());
      await recovered();
    }
    const failed = [...stage.load.tally].flatMap(([label, count]) => {
      const more = count - (before.get(label) ?? 0);
      return /^20[01]\b/.test(label) || more === 0 ? [] : [`${more} x ${label}`];
    });
    must(failed.length === 0, `requests failed during the restart: ${failed.join(", ")}`);
    note("slowest stop, s", (slowestMs / 1000).toFixed(1));
  },
};
