import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { renderRestRun } from "./render.ts";
import { fuzzRest } from "./rest/fuzz-rest.ts";
import type { Stage } from "./stage/stage.ts";
import { openStage } from "./stage/stage.ts";

const requests = 5000;
const seed = 20_260_101;

const parts = new AsyncDisposableStack();
let stage: Stage;
beforeAll(async () => {
  const database = parts.use(await createTestDatabase());
  stage = parts.use(await openStage(database));
});
afterAll(() => parts.disposeAsync());

test(`H18 ${requests} requests made from the OpenAPI file, seed ${seed}: every answer is one that it promises`, async () => {
  const run = await fuzzRest(stage, { requests, seed });
  console.log(renderRestRun(run));
  expect(run.findings.map(({ operation, problem, curl }) => `${operation}: ${problem}; ${curl}`)).toEqual([]);
  expect(run.neverSucceeded).toEqual([]);
  expect(run.byStatus.get(503) ?? 0).toBe(0);
  expect(await stage.standing()).toEqual([]);
}, 300_000);

test("a wrong answer is found, made small, and its curl line shows it again", async () => {
  // As if no answer might say that a room is not there.
  const text = "room_not_found";
  const { findings } = await fuzzRest({ ...stage, secrets: [text] }, { requests: 300, seed });
  const finding = findings.find(({ operation }) => operation === "getRoom");
  expect(finding?.answer).toContain(text);
  const { stdout } = await promisify(execFile)("sh", ["-c", finding?.curl ?? "false"]);
  expect(stdout).toContain(text);
  expect(finding?.curl).not.toContain("--data-binary");
}, 120_000);
