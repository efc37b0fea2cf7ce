import { waitUntil } from "../../../scripts/process/wait.ts";
import type { Row } from "./row.ts";

/** The poll of the log may show the messages before LISTEN is in force again. */
const listenMsMax = 5000;

export const listenLost: Row = {
  id: 4,
  title: "LISTEN connection lost",
  how: "pg_terminate_backend on the listening connections, and every other time on the publishing ones too",
  async inject({ world, stage, size, recovered, note, must }) {
    const losses = (): number => stage.steady.reduce((sum, { counts }) => sum + counts.losses, 0);
    const before = losses();
    const rounds = size(20, 5);
    const listens = async (): Promise<boolean> =>
      (await world.database.connections("sendsar-listener")) >= world.pods.length;
    for (let n = 0; n < rounds; n++) {
      must(await waitUntil(listens, { limitMs: listenMsMax }), "a gateway did not listen again");
      const ended = await world.database.terminate(["sendsar-listener", ...(n % 2 === 0 ? [] : ["sendsar-publisher"])]);
      must(ended >= world.pods.length, `only ${ended} connections were there to be ended`);
      await recovered();
    }
    must(losses() === before, `${losses() - before} clients were disconnected by it`);
    note("rounds", rounds);
  },
};
