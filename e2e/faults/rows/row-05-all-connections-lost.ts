import type { Row } from "./row.ts";

export const allConnectionsLost: Row = {
  id: 5,
  title: "all database connections lost",
  how: "pg_terminate_backend on every connection of every gateway",
  async inject({ world, size, recovered, note }) {
    const rounds = size(10, 2);
    for (let n = 0; n < rounds; n++) {
      await world.database.terminate(["sendsar-listener", "sendsar-publisher", "sendsar-gateway"]);
      await recovered();
    }
    note("rounds", rounds);
  },
};
