import type { LinkMode } from "../network/link.ts";
import type { Proxy } from "../network/proxy.ts";
import { layDatabaseLinks } from "../processes/database-links.ts";
import type { Row, Scene } from "./row.ts";

export const networkToPostgres: Row = {
  id: 15,
  title: "network between gateway and Postgres",
  how: "through a TCP proxy: one gateway's way drops everything, goes half-open, is reset; all ways lose 10 %, then have 1 Mbit/s and 400 ms",
  async inject(scene) {
    const { world, random, size, recovered } = scene;
    const ms = size(20_000, 5000);
    await using links = await layDatabaseLinks(world, random);
    await recovered();
    const all = [...links.proxies.values()];
    const [one] = all;
    if (!one) return;
    await during(scene, [one], { kind: "hold", direction: "both" }, ms);
    for (const link of one.links) link.setMode({ kind: "dead" });
    await recovered();
    for (let n = 0; n < 3; n++) {
      for (const link of one.links) link.reset();
      await recovered();
    }
    await during(scene, all, { kind: "slow", delayMs: 1, bytesPerSecond: 1e8, stalls: 0.1, stallMs: 250 }, ms);
    await during(scene, all, { kind: "slow", delayMs: 400, bytesPerSecond: 125_000, stalls: 0, stallMs: 0 }, ms);
  },
};

const during = async (
  { hold, recovered }: Scene,
  proxies: readonly Proxy[],
  mode: LinkMode,
  ms: number,
): Promise<void> => {
  for (const proxy of proxies) proxy.setMode(mode);
  await hold(ms);
  for (const proxy of proxies) proxy.setMode({ kind: "open" });
  await recovered();
};
