import { chat1x100, chat200x2, chat20x10 } from "./chat.ts";
import { density } from "./density.ts";
import { e2eIdle } from "./e2e-idle.ts";
import { fan1k } from "./fan-1k.ts";
import { hotRoom } from "./hot-room.ts";
import { loudTenant } from "./loud-tenant.ts";
import { pods } from "./pods.ts";
import { slowConsumer } from "./slow-consumer.ts";
import { slowDisk } from "./slow-disk.ts";
import { storm } from "./storm.ts";
import type { Workload } from "./workload.ts";

/** Every workload, in the order in which they run. */
export const workloads: readonly Workload[] = [
  ...[fan1k, chat20x10, chat200x2, chat1x100, slowDisk, hotRoom, e2eIdle],
  ...[pods, density, storm, slowConsumer, loudTenant],
];
