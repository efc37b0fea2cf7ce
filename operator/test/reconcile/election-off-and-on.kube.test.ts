import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import type { TestRegistries } from "../database/test-registries.ts";
import { startTestRegistries } from "../database/test-registries.ts";
import { toScene } from "./operator-scene.ts";
import { startTestOperator } from "./start-test-operator.ts";

describeKube("operators with an election and without", (place) => {
  let registries: TestRegistries;
  beforeAll(async () => {
    registries = await startTestRegistries();
  });
  afterAll(() => registries?.[Symbol.asyncDispose]());
  const readFence = async (): Promise<number> => {
    const sql = "select fence from sendsar.operator_fence";
    const [row] = await runOn<{ fence: string }>(registries.database.adminUrl, sql);
    return Number(row?.fence);
  };
  /** One that works for as long as it takes to make a Tenant, which is written to the database; answers the number. */
  const work = async (name: string, env: Readonly<Record<string, string>>): Promise<number> => {
    const database = { adminUrl: registries.database.adminUrl, masterKey: registries.masterKey };
    await using scene = toScene(place, await startTestOperator(place, { name, database, env }), registries);
    expect(await waitUntil(() => scene.operator.leads, { limitMs: 20_000 })).toBe(true);
    await scene.createTenant(name);
    await scene.waitForReady(name);
    expect(scene.lost).toEqual([]);
    return await readFence();
  };

  test(
    "§2.3 an election that is switched off and on again: each writes under a greater number, by the old Lease too",
    { timeout: 120_000 },
    async () => {
      const fences = [
        await work("elected", {}),
        await work("alone", { LEADER_ELECTION: "off" }),
        // From another clock, which was ahead by a year.
        await raise(registries.database.adminUrl, 365 * 86_400 * 2 ** 20),
        await work("alone-again", { LEADER_ELECTION: "off" }),
        await work("elected-again", {}),
        await work("elected-last", {}),
      ];
      expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
    },
  );
});

const raise = async (adminUrl: string, by: number): Promise<number> => {
  const sql = `update sendsar.operator_fence set fence = fence + ${by} returning fence`;
  const [row] = await runOn<{ fence: string }>(adminUrl, sql);
  return Number(row?.fence);
};
