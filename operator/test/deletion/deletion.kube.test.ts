import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { createNamespace, describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { readTenantRows, requireUnchanged } from "../../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { resources } from "../../src/desired/kinds.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { tenants } from "../../src/tenant/tenant-resource.ts";
import { crashAt } from "../credentials/crashing-deps.ts";
import { conditionOf, openLifePlace } from "../credentials/life-place.ts";

/** Many visits each; on a busy machine they take their time. */
const timeoutMs = 120_000;

describeKube("deletion on a real API server and a real Postgres", (kube) => {
  const place = openLifePlace(kube);
  const remove = (name: string) => place.client.delete(tenants, { namespace: place.namespace, name });
  const visitUntilGone = (name: string) => place.visitUntil(name, async () => (await place.find(name)) === undefined);
  const rowsOf = (tenantId: string) => readTenantRows(place.database.adminUrl, tenantId);
  const plantUser = (tenantId: string) =>
    runOn(
      place.database.adminUrl,
      `insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at)
       values ('${tenantId}', 'ann', 'Ann', now(), now())`,
    );
  /** A garbage collector learns of a kind only half a minute after it was installed, and the test does not wait for that. */
  const collectGarbage = async (name: string): Promise<void> => {
    for (const resource of Object.values(resources)) {
      for (const owned of [`${name}-gateway`, `${name}-chat-credentials`, `${name}-chat-database`]) {
        await place.client.delete(resource, { namespace: place.namespace, name: owned });
      }
    }
  };
  const newId = (): string => `id-${randomBytes(4).toString("hex")}`;
  const eventsOf = (): string[] => place.events.map(({ reason }) => reason);

  test(
    "DE1 DE4 DE5 §5.3 Retain: data is kept, keys are refused; re-created it is taken up again, without its old keys",
    { timeout: timeoutMs },
    async () => {
      const tenantId = newId();
      const name = await place.makeReady({ tenantId });
      await plantUser(tenantId);
      const key = (await place.readValues(`${name}-chat-credentials`))["apiKey"] ?? "";
      const { users } = await rowsOf(tenantId);
      await remove(name);
      place.events.length = 0;
      await visitUntilGone(name);
      expect(eventsOf()).toContain("DataRetained");
      expect(await place.provisioner.verifyKey(key)).toBeUndefined();
      expect((await rowsOf(tenantId))["gateway_logins"]).toEqual([]);
      expect((await rowsOf(tenantId))["users"]).toEqual(users);

      await collectGarbage(name);
      await place.client.create(
        tenants,
        toTenant({ namespace: place.namespace, name }, { tenantId, gateway: { replicas: 1 } }),
      );
      await place.visitUntil(name, async () => conditionOf(await place.find(name), "Ready")?.status === "True");
      expect((await rowsOf(tenantId))["users"]).toEqual(users);
      expect((await place.readRecord(tenantId))?.status).toBe("active");
      const next = (await place.readValues(`${name}-chat-credentials`))["apiKey"] ?? "";
      expect(await place.provisioner.verifyKey(next)).toBe(tenantId);
      expect(await place.provisioner.verifyKey(key)).toBeUndefined();
    },
  );

  test("DE5 §5.3 Delete: not a row and not a login is left", async () => {
    const tenantId = newId();
    const name = await place.makeReady({ tenantId, deletionPolicy: "Delete" });
    await plantUser(tenantId);
    await remove(name);
    place.events.length = 0;
    await visitUntilGone(name);
    expect(eventsOf()).toContain("DataDeleted");
    const { revocations, ...rows } = await rowsOf(tenantId);
    expect(revocations).not.toEqual([]);
    expect(Object.values(rows).flat()).toEqual([]);
  });

  test(
    "DE5 DE3 Delete of a tenant with a database of its own: the database is gone, and its logins",
    { timeout: timeoutMs },
    async () => {
      const tenantId = newId();
      const name = await place.makeReady({ tenantId, deletionPolicy: "Delete", database: { isolation: "Database" } });
      const [binding] = await runOn<{ database: string }>(
        place.database.adminUrl,
        `select database_name as database from sendsar.tenant_bindings where tenant_id = '${tenantId}'`,
      );
      const login = new URL((await place.readValues(`${name}-chat-database`))["databaseUrl"] ?? "").username;
      const left = () =>
        runOn(
          place.database.adminUrl,
          `select datname from pg_database where datname = '${binding?.database}'
         union all select rolname from pg_roles where rolname = '${login}'`,
        );
      expect(await left()).toHaveLength(2);
      await remove(name);
      await visitUntilGone(name);
      expect(await left()).toEqual([]);
      expect((await rowsOf(tenantId))["tenant_bindings"]).toEqual([]);
    },
  );

  test("DE6 CL2 §5.3 conflict: the loser says so, and its deletion leaves the winner's rows byte-identical", async () => {
    const tenantId = newId();
    const winner = await place.makeReady({ tenantId });
    const loser = await place.createTenant({ tenantId, deletionPolicy: "Delete" });
    await requireUnchanged(place.database.adminUrl, [tenantId], async () => {
      await place.visitUntil(loser, async () => conditionOf(await place.find(loser), "Accepted")?.status === "False");
      const tenant = await place.get(loser);
      expect(conditionOf(tenant, "Ready")?.reason).toBe("TenantIdConflict");
      expect(conditionOf(tenant, "Accepted")?.message).toContain(`${place.namespace}/${winner}`);
      expect(await place.readSecret(`${loser}-chat-credentials`)).toBeUndefined();
      await remove(loser);
      await visitUntilGone(loser);
    });
    expect(conditionOf(await place.get(winner), "Ready")?.status).toBe("True");
  });

  test(
    "DE7 §5.3 database away: the object stays and says so; only its own uid in the annotation lets it go without",
    { timeout: timeoutMs },
    async () => {
      const tenantId = newId();
      const [waits, abandoned] = [
        await place.makeReady({ tenantId, deletionPolicy: "Delete" }),
        await place.makeReady(),
      ];
      const abandonedId = (await place.get(abandoned)).status?.tenantId ?? "";
      for (const name of [waits, abandoned]) await remove(name);
      const annotate = (name: string, uid: string) =>
        place.client.patch(
          tenants,
          { namespace: place.namespace, name },
          { metadata: { annotations: { "chat.sendsar.com/abandon-data": uid } } },
        );
      place.wire.setTargets([]);
      place.wire.cut();
      try {
        await annotate(abandoned, (await place.get(waits)).metadata.uid ?? "");
        for (const name of [waits, abandoned]) {
          await place.visitUntil(
            name,
            async () => conditionOf(await place.find(name), "Ready")?.reason === "DatabaseUnavailable",
          );
          expect((await place.get(name)).metadata.finalizers).toEqual(["chat.sendsar.com/tenant"]);
        }
        const { uid = "" } = (await place.get(abandoned)).metadata;
        await annotate(abandoned, uid);
        place.events.length = 0;
        await visitUntilGone(abandoned);
        expect(place.events).toContainEqual(expect.objectContaining({ type: "Warning", reason: "DataAbandoned" }));
      } finally {
        place.wire.setTargets([Number(new URL(place.database.adminUrl).port)]);
      }
      expect((await rowsOf(abandonedId))["tenants"]).toHaveLength(1);
      await visitUntilGone(waits);
      expect((await rowsOf(tenantId))["tenants"]).toEqual([]);
    },
  );

  test(
    "DE2 DE3 §5.3 while creating: from wherever the making broke off, it goes and leaves nothing",
    { timeout: timeoutMs },
    async () => {
      // The claim, the login and its Secret, the keys and theirs, the first objects: each before it arrives or after.
      for (const write of [1, 3, 4, 5, 8, 10, 12, 15]) {
        const tenantId = newId();
        const name = await place.createTenant({ tenantId, deletionPolicy: "Delete" });
        const crashing = crashAt(await place.openDeps(), { write, how: write % 2 === 0 ? "refused" : "answer-lost" });
        await place.visit(name, crashing.deps).catch(() => undefined);
        expect(crashing.crashed).toBe(true);
        await remove(name);
        await visitUntilGone(name);
        const { tenants: rows, tenant_bindings: bindings, gateway_logins: logins } = await rowsOf(tenantId);
        expect([rows, bindings, logins]).toEqual([[], [], []]);
      }
    },
  );

  test(
    "DE3 pitfall 12 a deletion that breaks off at any of its writes is finished by the next visits",
    { timeout: timeoutMs },
    async () => {
      let reached = 0;
      // With a gateway there are the scale and a status before the logins, the data and the finalizer.
      for (const [write, replicas] of [
        [0, 1],
        [1, 1],
        [0, 0],
        [1, 0],
        [2, 0],
      ] as const) {
        const tenantId = newId();
        const name = await place.makeReady({ tenantId, deletionPolicy: "Delete", gateway: { replicas } });
        await remove(name);
        const crashing = crashAt(await place.openDeps(), { write, how: write % 2 === 0 ? "answer-lost" : "refused" });
        await requireSoon(async () => {
          const { caches } = await place.openDeps();
          await place.visit(name, { ...crashing.deps, caches }).catch(() => undefined);
          return crashing.crashed || (await place.find(name)) === undefined;
        });
        reached += Number(crashing.crashed);
        await visitUntilGone(name);
        const { revocations: _, ...rows } = await rowsOf(tenantId);
        expect(Object.values(rows).flat()).toEqual([]);
      }
      expect(reached).toBe(5);
    },
  );

  test(
    "DE8 pitfall 26 §5.3 namespace terminating: the Tenant goes, though nothing can be made there any more",
    { timeout: timeoutMs },
    async () => {
      const namespace = `${place.namespace}-going`;
      await createNamespace(kube.api, namespace);
      await place.client.create(
        tenants,
        toTenant({ namespace, name: "acme" }, { deletionPolicy: "Delete", gateway: { replicas: 0 } }),
      );
      const visit = async () => {
        const deps = await place.openDeps(namespace);
        await place.visit("acme", deps, namespace).catch((error: unknown) => error);
      };
      for (let round = 0; round < 3; round++) await visit();
      const { tenantId = "" } = (await place.client.get(tenants, { namespace, name: "acme" }))?.status ?? {};
      expect((await rowsOf(tenantId))["tenants"]).toHaveLength(1);
      await kube.api.delete(`/api/v1/namespaces/${namespace}`);
      await requireSoon(async () => {
        await visit();
        return (await place.client.get(tenants, { namespace, name: "acme" })) === undefined;
      });
      expect((await rowsOf(tenantId))["tenants"]).toEqual([]);
    },
  );

  test("DE2 finalizers of others stay, and ours goes only as the object was when it was looked at", async () => {
    const name = await place.createTenant({}, { finalizers: ["example.com/theirs"] });
    await place.visit(name);
    expect((await place.get(name)).metadata.finalizers).toEqual(["example.com/theirs", "chat.sendsar.com/tenant"]);
    await remove(name);
    const behind = await place.openDeps();
    await place.client.patch(tenants, { namespace: place.namespace, name }, { metadata: { labels: { seen: "no" } } });
    await expect(place.visit(name, behind)).rejects.toMatchObject({ status: 409 });
    await place.visit(name);
    expect((await place.get(name)).metadata.finalizers).toEqual(["example.com/theirs"]);
    await place.client.patch(tenants, { namespace: place.namespace, name }, { metadata: { finalizers: [] } });
    expect(await place.find(name)).toBeUndefined();
  });

  test("DE9 a paused Tenant that is deleted stays until it is paused no more", async () => {
    const name = await place.makeReady();
    const pause = (paused: string | null) =>
      place.client.patch(
        tenants,
        { namespace: place.namespace, name },
        { metadata: { annotations: { "chat.sendsar.com/paused": paused } } },
      );
    await pause("true");
    await remove(name);
    await place.visit(name);
    expect(conditionOf(await place.get(name), "Ready")?.reason).toBe("Paused");
    expect(await place.readSecret(`${name}-chat-credentials`)).toBeDefined();
    await pause(null);
    await visitUntilGone(name);
  });
});

const requireSoon = async (condition: () => Promise<boolean>): Promise<void> =>
  expect(await waitUntil(condition, { limitMs: 60_000 })).toBe(true);

const toTenant = (metadata: { readonly namespace: string; readonly name: string }, spec: object) =>
  ({ apiVersion: tenants.apiVersion, kind: tenants.kind, metadata, spec }) as Tenant;
