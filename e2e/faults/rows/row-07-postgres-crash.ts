import type { Row } from "./row.ts";

export const postgresCrash: Row = {
  id: 7,
  title: "Postgres crashes",
  how: "immediate shutdown (SIGQUIT) and kill -9 of the postmaster in turn, started again after 10 s",
  async inject({ world, size, hold, recovered, note }) {
    const rounds = size(5, 1);
    for (let n = 0; n < rounds; n++) {
      await world.database.stop(n % 2 === 0 ? "kill" : "immediate");
      await hold(size(10_000, 3000));
      await world.database.start();
      await recovered();
    }
    note("rounds", rounds);
  },
};
