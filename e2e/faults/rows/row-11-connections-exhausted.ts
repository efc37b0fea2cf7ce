import type pg from "pg";
import { connectAs } from "../processes/sessions.ts";
import type { Row } from "./row.ts";

export const connectionsExhausted: Row = {
  id: 11,
  title: "connections exhausted",
  how: "another client of the same login takes every connection that Postgres has, and keeps taking what the gateways' pools lose as theirs are ended twice a second",
  async inject({ world, size, hold, recovered, note, must }) {
    const hogs: pg.Client[] = [];
    /** Takes what is free, from several sides at once. */
    const grab = async (): Promise<void> => {
      const attempts = Array.from({ length: 10 }, () => connectAs(world.gatewayUrl, "hog"));
      const taken = (await Promise.all(attempts)).filter((hog) => hog !== undefined);
      hogs.push(...taken);
      if (taken.length > 0) await grab();
    };
    try {
      await grab();
      const heldUntil = performance.now() + size(20_000, 6000);
      while (performance.now() < heldUntil) {
        must(
          (await world.database.connections("sendsar-listener")) === world.pods.length,
          "a gateway has lost its LISTEN connection",
        );
        // What the pools do not take back at once is taken from them.
        await Promise.all([world.database.terminate(["sendsar-gateway"]), grab()]);
        await grab();
        await hold(500);
      }
      note("connections taken", hogs.length);
    } finally {
      await Promise.all(hogs.map((hog) => hog.end().catch(() => undefined)));
    }
    await recovered();
  },
};
