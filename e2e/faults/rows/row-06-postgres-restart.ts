import type { Row } from "./row.ts";

export const postgresRestart: Row = {
  id: 6,
  title: "Postgres restarted",
  how: "fast shutdown (SIGINT) of Postgres and start on the same data and port",
  async inject({ world, size, recovered, note }) {
    const rounds = size(5, 1);
    for (let n = 0; n < rounds; n++) {
      await world.database.stop("fast");
      await world.database.start();
      await recovered();
    }
    note("rounds", rounds);
  },
};
