import type { LinkMode } from "../network/link.ts";
import type { Row, Scene } from "./row.ts";

export const networkToClients: Row = {
  id: 16,
  title: "network between clients and gateways",
  how: "through the balancer: the ways to one gateway drop everything, drop one direction, go half-open; all ways lose 10 %, are reset",
  async inject(scene) {
    const { world, size, recovered } = scene;
    const ms = size(30_000, 5000);
    const one = world.pods[0]?.name ?? "";
    await during(scene, { kind: "hold", direction: "both" }, ms, one);
    await during(scene, { kind: "hold", direction: "down" }, ms, one);
    await during(scene, { kind: "slow", delayMs: 5, bytesPerSecond: 1e8, stalls: 0.1, stallMs: 250 }, ms / 2);
    for (let n = 0; n < 3; n++) {
      for (const link of world.balancer.links) link.reset();
      await recovered();
    }
    // Nobody is told: clients find out by the pings that do not come, after 45 s at most.
    for (const link of world.balancer.links) if (link.target === one) link.setMode({ kind: "dead" });
    await recovered();
  },
};

const during = async ({ world, hold, recovered }: Scene, mode: LinkMode, ms: number, pod?: string): Promise<void> => {
  world.balancer.setMode(mode, (link) => pod === undefined || link.target === pod);
  await hold(ms);
  world.balancer.setMode({ kind: "open" });
  await recovered();
};
