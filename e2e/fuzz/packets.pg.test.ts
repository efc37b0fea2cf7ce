import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { fuzzPackets } from "./packets/fuzz-packets.ts";
import { renderPacketRun } from "./render.ts";
import type { Stage } from "./stage/stage.ts";
import { openStage } from "./stage/stage.ts";

const packets = 5000;
const seed = 20_260_102;
const grownBytesMax = 10_000_000;

const parts = new AsyncDisposableStack();
let stage: Stage;
beforeAll(async () => {
  const database = parts.use(await createTestDatabase());
  stage = parts.use(await openStage(database));
});
afterAll(() => parts.disposeAsync());

test(`C17 ${packets} mutated packets, seed ${seed}: each is answered as the contract has it or closes its socket, and memory stays bounded`, async () => {
  const run = await fuzzPackets(stage, { packets, seed });
  console.log(renderPacketRun(run));
  expect(run.findings).toEqual([]);
  // Neither all of them are read to the end nor none.
  expect(run.closed).toBeGreaterThan(packets / 20);
  expect(run.closed).toBeLessThan(packets / 2);
  expect(run.grownBytes).toBeLessThan(grownBytesMax);
  expect(await stage.standing()).toEqual([]);
}, 300_000);
