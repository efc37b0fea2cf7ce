import { podKilled } from "./row-01-pod-killed.ts";
import { rollingRestart } from "./row-02-rolling-restart.ts";
import { podHangs } from "./row-03-pod-hangs.ts";
import { listenLost } from "./row-04-listen-lost.ts";
import { allConnectionsLost } from "./row-05-all-connections-lost.ts";
import { postgresRestart } from "./row-06-postgres-restart.ts";
import { postgresCrash } from "./row-07-postgres-crash.ts";
import { postgresHangs } from "./row-08-postgres-hangs.ts";
import { connectionsExhausted } from "./row-11-connections-exhausted.ts";
import { locks } from "./row-12-locks.ts";
import { notifyQueue } from "./row-13-notify-queue.ts";
import { networkToPostgres } from "./row-15-network-to-postgres.ts";
import { networkToClients } from "./row-16-network-to-clients.ts";
import { slowConsumer } from "./row-18-slow-consumer.ts";
import { herd } from "./row-19-herd.ts";
import { clocks } from "./row-20-clocks.ts";
import { littleCpu } from "./row-25-little-cpu.ts";
import { eventLoopBlocked } from "./row-27-event-loop-blocked.ts";
import { migration } from "./row-28-migration.ts";
import { twoAtOnce } from "./row-35-two-at-once.ts";
import type { Row } from "./row.ts";

/** Every row of the fault matrix that is played here, in its order. */
export const rows: readonly Row[] = [
  podKilled,
  rollingRestart,
  podHangs,
  listenLost,
  allConnectionsLost,
  postgresRestart,
  postgresCrash,
  postgresHangs,
  connectionsExhausted,
  locks,
  notifyQueue,
  networkToPostgres,
  networkToClients,
  slowConsumer,
  herd,
  clocks,
  littleCpu,
  eventLoopBlocked,
  migration,
  twoAtOnce,
];
