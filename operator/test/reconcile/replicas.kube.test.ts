import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import type { TestRegistries } from "../database/test-registries.ts";
import { startTestRegistries } from "../database/test-registries.ts";
import { countVisits, toScene } from "./operator-scene.ts";
import { startTestOperator } from "./start-test-operator.ts";

describeKube("replicas of the operator", (place) => {
  let registries: TestRegistries;
  beforeAll(async () => {
    registries = await startTestRegistries();
  });
  afterAll(() => registries?.[Symbol.asyncDispose]());
  const start = async (name: string, env: Readonly<Record<string, string>> = {}) => {
    const database = { adminUrl: registries.database.adminUrl, masterKey: registries.masterKey };
    return toScene(place, await startTestOperator(place, { name, database, env }), registries);
  };
  const probe = async (port: number, path: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}${path}`)).status;

  test(
    "§1.3 a standby is ready with warm caches and does nothing; it leads within 3 s when the leader stops",
    { timeout: 90_000 },
    async () => {
      const leader = await start("leader");
      await waitUntil(() => leader.operator.leads, { limitMs: 30_000 });
      await leader.createTenant("acme");
      await leader.waitForReady("acme");
      await using standby = await start("standby");
      const ready = await waitUntil(async () => (await probe(standby.operator.healthPort, "/readyz")) === 200, {
        limitMs: 20_000,
      });
      expect(ready).toBe(true);
      expect(await probe(standby.operator.healthPort, "/livez")).toBe(200);
      expect(standby.operator.leads).toBe(false);
      expect(standby.operator.caches.tenants.list()).toHaveLength(1);
      expect(await countVisits(standby)).toBe(0);
      expect(standby.proxy.writes()).toEqual([]);

      await leader[Symbol.asyncDispose]();
      expect(leader.lost).toEqual([]);
      const tookOver = await waitUntil(() => standby.operator.leads, { limitMs: 3000 });
      expect(tookOver).toBe(true);
      await waitUntil(async () => (await countVisits(standby)) > 0, { limitMs: 20_000 });
      await standby.createTenant("later");
      await standby.waitForReady("later");
    },
  );

  test(
    "a leader whose Lease another has taken says at once that it must end (pitfall 11)",
    { timeout: 90_000 },
    async () => {
      await using started = await start("robbed");
      await waitUntil(() => started.operator.leads, { limitMs: 20_000 });
      const path = `/apis/coordination.k8s.io/v1/namespaces/${place.namespace}/leases/sendsar-operator`;
      await place.api.patch(path, { spec: { holderIdentity: "somebody-else" } });
      const told = await waitUntil(() => started.lost.length > 0, { limitMs: 20_000 });
      expect(told).toBe(true);
      expect(started.operator.leads).toBe(false);
      await place.api.delete(path);
    },
  );

  test("a dry run tells what would change, changes nothing, and needs no Lease", { timeout: 90_000 }, async () => {
    await using real = await start("real");
    await waitUntil(() => real.operator.leads, { limitMs: 20_000 });
    await real.createTenant("there");
    await real.waitForReady("there");
    await real[Symbol.asyncDispose]();
    await real.createTenant("new");
    await real.patchTenant("there", { spec: { gateway: { replicas: 3 }, settings: { values: { chat: {} } } } });
    const before = await readAll();
    await using dry = await start("dry", { DRY_RUN: "on", GATEWAY_IMAGE: "registry.invalid/gateway:2" });
    const tells = (text: string) => () =>
      dry.logged.some((line) => line.includes("would change") && line.includes(text));
    for (const text of [
      `Deployment ${place.namespace}/new-gateway`,
      `Secret ${place.namespace}/new-chat-credentials`,
      `"verb":"claim","object":"tenant ${place.namespace}-new-`,
      `Deployment/scale ${place.namespace}/there-gateway`,
      "spec.template.spec.containers.0.image",
    ]) {
      expect(await waitUntil(tells(text), { limitMs: 20_000 }), `${text}\n${dry.logged.join("")}`).toBe(true);
    }
    expect(await readAll()).toEqual(before);
    const refused = dry.logged.filter((line) => line.includes("visit failed"));
    expect(refused).toEqual([]);
    expect(dry.proxy.writes(({ resource }) => resource === "leases" || resource === "events")).toEqual([]);
  });

  /** Every object of the namespace that the operator might write, by version. */
  const readAll = async (): Promise<Record<string, string>> => {
    const kinds =
      "tenants,secrets,configmaps,deployments,services,poddisruptionbudgets,networkpolicies,serviceaccounts";
    const text = await place.kubectl("get", kinds, "-o", "json");
    const { items } = JSON.parse(text) as {
      items: { kind: string; metadata: { name: string; generation?: number; uid: string } }[];
    };
    const owned = items.filter(({ metadata }) => /^(there|new)/.test(metadata.name));
    return Object.fromEntries(
      owned.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, `${metadata.uid} ${metadata.generation}`]),
    );
  };
});
