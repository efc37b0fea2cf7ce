import { describe, expect, test } from "vitest";
import { apiOf, createRoom, expectAllGone, expectSentence, idsIn, send, useStartFixture } from "./start-fixture.ts";
import { aliveOf } from "./start-process.ts";
import type { TestClient } from "../testing/client.ts";

const { start } = useStartFixture();

describe("when a part is killed", () => {
  test.each(["gateway", "postgres", "demo"] as const)(
    "%s: one sentence, the rest is stopped, and no acknowledged message is lost",
    async (victim) => {
      const run = start();
      const dev = await run.ready();
      const parts = await run.parts();
      const room = await createRoom(apiOf(dev));
      const kill = (): void => void process.kill(parts[victim], "SIGKILL");
      const acknowledged = await sendUntilKilled(apiOf(dev), room, kill);
      await expectSentence(run, /^unable to go on; .+ is gone: it ended with signal SIGKILL/);
      expect(aliveOf(parts)).toEqual([]);

      const again = await start().ready();
      expect(acknowledged.length).toBeGreaterThan(10);
      expect(await idsIn(again, room)).toEqual(expect.arrayContaining(acknowledged));
    },
  );

  test("start.ts itself: what it started ends too, and the next start works", async () => {
    const run = start();
    const dev = await run.ready();
    const parts = await run.parts();
    const room = await createRoom(apiOf(dev));
    const acknowledged = await sendUntilKilled(apiOf(dev), room, () => process.kill(parts.start, "SIGKILL"));
    expect(await run.ended).toBe(128 + 9);
    await expectAllGone(parts);
    const again = await start().ready();
    expect(await idsIn(again, room)).toEqual(expect.arrayContaining(acknowledged));
  });

  test("run.mjs, which npm runs: everything ends too", async () => {
    const run = start();
    await run.ready();
    const parts = await run.parts();
    process.kill(run.pid, "SIGKILL");
    await expectAllGone(parts);
  });
});

/** Sends one message after the other until `kill` has hit. Answers the ids of those that were acknowledged. */
const sendUntilKilled = async (api: TestClient, room: string, kill: () => void): Promise<string[]> => {
  const acknowledged: string[] = [];
  const isAcknowledged = (id: string): Promise<boolean> =>
    send(api, room, id).then(
      ({ status }) => status === 201,
      () => false,
    );
  for (let i = 0; await isAcknowledged(`m${i}`); i++) {
    acknowledged.push(`m${i}`);
    if (i === 10) kill();
  }
  return acknowledged;
};
