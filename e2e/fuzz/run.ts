import { parseArgs } from "node:util";
import { Sentence, runMain } from "../../scripts/process/sentence.ts";
import { copyDatabase } from "../../scripts/testing/copy-database.ts";
import { openTestServer } from "../../scripts/testing/test-server.ts";
import { fuzzPackets } from "./packets/fuzz-packets.ts";
import { renderPacketRun, renderRestRun } from "./render.ts";
import { fuzzRest } from "./rest/fuzz-rest.ts";
import type { Stage } from "./stage/stage.ts";
import { openStage } from "./stage/stage.ts";

const usage = "usage: npm run test:fuzz -- [--requests N] [--packets N] [--seed N]";
const requestsDefault = 100_000;
const packetsDefault = 50_000;
const grownBytesMax = 10_000_000;

/**
 * Sends requests made from the OpenAPI file and packets that no client sends to a gateway in a process of its own, each
 * on a database of its own. With one of the two numbers only that. Ends with 0 when nothing was wrong.
 */
const main = async (): Promise<number> => {
  const { requests, packets, seed } = readOptions();
  await using server = await openTestServer(process.env["TEST_DATABASE_URL"]);
  const onStage = async (play: (stage: Stage) => Promise<boolean>) => {
    await using database = await copyDatabase(server);
    await using stage = await openStage(database);
    const isGood = await play(stage);
    const standing = await stage.standing();
    for (const problem of standing) console.log(problem);
    return isGood && standing.length === 0;
  };
  const onProgress = (sent: number): void => console.log(`${sent} sent`);
  console.log(`seed ${seed}`);
  const outcomes: boolean[] = [];
  if (requests > 0) {
    outcomes.push(
      await onStage(async (stage) => {
        const run = await fuzzRest(stage, { requests, seed, onProgress });
        console.log(renderRestRun(run));
        return run.findings.length === 0;
      }),
    );
  }
  if (packets > 0) {
    outcomes.push(
      await onStage(async (stage) => {
        const run = await fuzzPackets(stage, { packets, seed, onProgress });
        console.log(renderPacketRun(run));
        return run.findings.length === 0 && run.grownBytes < grownBytesMax;
      }),
    );
  }
  const isGood = outcomes.every(Boolean);
  console.log(isGood ? "nothing wrong" : "SOMETHING IS WRONG, see above");
  return isGood ? 0 : 1;
};

const readOptions = () => {
  const { values } = parseArgs({
    options: { requests: { type: "string" }, packets: { type: "string" }, seed: { type: "string" } },
  });
  const isWhole = values.requests === undefined && values.packets === undefined;
  return {
    requests: toNumber("requests", values.requests, isWhole ? requestsDefault : 0),
    packets: toNumber("packets", values.packets, isWhole ? packetsDefault : 0),
    // Another one each time finds more; it is printed, so that a run can be repeated.
    seed: toNumber("seed", values.seed, Math.floor(Math.random() * 1_000_000_000)),
  };
};

const toNumber = (name: string, value: string | undefined, fallback: number): number => {
  if (value === undefined) return fallback;
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new Sentence(`unable to read --${name}; it must be a whole number\n${usage}`);
};

await runMain(main);
