import type pg from "pg";
import { connectAs } from "../processes/sessions.ts";
import type { Row } from "./row.ts";

export const connectionsExhausted: Row = {
  id: 11,
  title: "connections exhausted",
  how: "another client of the same login takes every connection that Postgres has; then the gateways' pools are ended",
  async inject({ world, size, hold, recovered, note, must }) {
    const hogs: pg.Client[] = [];
    const grab = async (): Promise<void> => {
      for (;;) {
        const hog = await connectAs(world.gatewayUrl, "hog");
        if (!hog) return;
        hogs.push(hog);
      }
    };
    const listeners = async (): Promise<number> => {
      const [row] = await world.database.query<{ n: number }>(
        "select count(*)::int as n from pg_stat_activity where application_name = 'sendsar-listener'",
      );
      return row?.n ?? 0;
    };
    try {
      await grab();
      await world.database.terminate(["sendsar-gateway"]);
      // Whatever the pools do not take back at once is taken from them.
      await grab();
      const heldUntil = performance.now() + size(20_000, 6000);
      while (performance.now() < heldUntil) {
        must((await listeners()) === world.pods.length, "a gateway has lost its LISTEN connection");
        await hold(500);
        await grab();
      }
      note("connections taken", hogs.length);
    } finally {
      await Promise.all(hogs.map((hog) => hog.end().catch(() => undefined)));
    }
    await recovered();
  },
};
