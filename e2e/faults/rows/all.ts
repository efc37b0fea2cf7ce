import { podKilled } from "./row-01-pod-killed.ts";
import { rollingRestart } from "./row-02-rolling-restart.ts";
import { listenLost } from "./row-04-listen-lost.ts";
import { allConnectionsLost } from "./row-05-all-connections-lost.ts";
import { postgresRestart } from "./row-06-postgres-restart.ts";
import { postgresCrash } from "./row-07-postgres-crash.ts";
import { postgresHangs } from "./row-08-postgres-hangs.ts";
import { connectionsExhausted } from "./row-11-connections-exhausted.ts";
import type { Row } from "./row.ts";

/** Every row of the fault matrix that is played here, in its order. */
export const rows: readonly Row[] = [
  podKilled,
  rollingRestart,
  listenLost,
  allConnectionsLost,
  postgresRestart,
  postgresCrash,
  postgresHangs,
  connectionsExhausted,
];
