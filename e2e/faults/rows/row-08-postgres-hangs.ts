import type { Row } from "./row.ts";

export const postgresHangs: Row = {
  id: 8,
  title: "Postgres hangs",
  how: "SIGSTOP of every process of Postgres, SIGCONT after 5 s and after 30 s",
  async inject({ world, size, hold, recovered, note, must }) {
    const memory = async (): Promise<number> =>
      Math.max(...(await Promise.all(world.pods.map((pod) => pod.memoryBytes()))));
    const before = await memory();
    let peak = before;
    for (const ms of [5000, size(30_000, 8000)]) {
      const frozen = await world.database.freeze();
      try {
        await hold(ms);
        for (const { name, port } of world.pods) {
          const alive = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(5000) });
          must(alive.ok, `${name} does not say that it is alive`);
          // Before the shorter time is over, nothing need have been noticed.
          if (ms > 5000) must(!world.balancer.isReady(name), `${name} says that it is ready without a database`);
        }
        peak = Math.max(peak, await memory());
      } finally {
        await frozen.resume();
      }
      await recovered();
    }
    note("memory, MB more", Math.round((peak - before) / 1e6));
    must(peak - before < 100e6, `a gateway took ${Math.round((peak - before) / 1e6)} MB more`);
  },
};
