import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { requireUnchanged } from "../../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { tenants } from "../../src/tenant/tenant-resource.ts";
import { resources } from "../../src/desired/kinds.ts";
import { deriveTenantId } from "../../src/reconcile/tenant-id.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { crashAt } from "../credentials/crashing-deps.ts";
import { conditionOf, openLifePlace } from "../credentials/life-place.ts";

describeKube("claiming, closing, opening and draining", (kube) => {
  const place = openLifePlace(kube);
  const newId = (): string => `id-${randomBytes(4).toString("hex")}`;
  const remove = (name: string) => place.client.delete(tenants, { namespace: place.namespace, name });
  const podsOf = async (name: string) =>
    (
      await kube.api.get<{ items: readonly object[] }>(
        `/api/v1/namespaces/${place.namespace}/pods?labelSelector=app.kubernetes.io/instance=${name}`,
      )
    ).items;
  const statusOf = async (tenantId: string) => (await place.readRecord(tenantId))?.status;

  test("CL1 an id that is made stands in the status before the database hears of it", async () => {
    const name = await place.createTenant();
    const tenantId = deriveTenantId(place.namespace, name);
    await place.visit(name);
    expect((await place.get(name)).status?.tenantId).toBe(tenantId);
    expect(await place.readRecord(tenantId)).toBeUndefined();
    await place.visit(name);
    expect((await place.readRecord(tenantId))?.owner).toMatchObject({ namespace: place.namespace, name });
  });

  test("CL3 what was kept goes to another name only by the annotation that names it", async () => {
    const tenantId = newId();
    const first = await place.makeReady({ tenantId });
    await remove(first);
    await place.visitUntil(first, async () => (await place.find(first)) === undefined);
    const second = await place.createTenant({ tenantId });
    await requireUnchanged(place.database.adminUrl, [tenantId], async () => {
      await place.visitUntil(second, async () => conditionOf(await place.find(second), "Accepted")?.status === "False");
    });
    expect(conditionOf(await place.get(second), "Accepted")?.message).toContain("chat.sendsar.com/adopt");
    const annotations = { "chat.sendsar.com/adopt": tenantId };
    await place.client.patch(tenants, { namespace: place.namespace, name: second }, { metadata: { annotations } });
    await place.visitUntil(second, async () => conditionOf(await place.find(second), "Ready")?.status === "True");
    expect((await place.readRecord(tenantId))?.owner?.name).toBe(second);
  });

  test("SU1 SU2 closed in the database before a gateway goes, opened when one is ready", async () => {
    const tenantId = newId();
    const name = await place.makeReady({ tenantId, gateway: { replicas: 1 } });
    const key = (await place.readValues(`${name}-chat-credentials`))["apiKey"];
    await place.patchSpec(name, { suspend: true });
    // It ends right after the first write of the closing: the claim comes before it.
    const crashing = crashAt(await place.openDeps(), { write: 1, how: "answer-lost" });
    await place.visit(name, crashing.deps).catch(() => undefined);
    expect(await statusOf(tenantId)).toBe("suspended");
    expect(await podsOf(name)).toHaveLength(1);
    await place.visitUntil(name, async () => (await podsOf(name)).length === 0);
    expect(conditionOf(await place.get(name), "Ready")?.reason).toBe("Suspended");

    await place.patchSpec(name, { suspend: false });
    await place.visit(name);
    expect(await statusOf(tenantId)).toBe("suspended");
    expect(conditionOf(await place.get(name), "Ready")?.status).not.toBe("True");
    await place.visitUntil(name, async () => conditionOf(await place.find(name), "Ready")?.status === "True");
    expect(await statusOf(tenantId)).toBe("active");
    expect((await place.readValues(`${name}-chat-credentials`))["apiKey"]).toBe(key);
  });

  test("DE1 DE4 a gateway that does not end is waited for, and not longer than it may take", async () => {
    const tenantId = newId();
    const name = await place.makeReady({ tenantId, deletionPolicy: "Delete" });
    const labels = { "app.kubernetes.io/name": "sendsar-gateway", "app.kubernetes.io/instance": name };
    const spec = {
      nodeSelector: { nowhere: "" },
      containers: [{ name: "gateway", image: "registry.invalid/gateway" }],
    };
    await kube.api.post(`/api/v1/namespaces/${place.namespace}/pods`, {
      metadata: { name: `${name}-hangs`, labels },
      spec,
    });
    await remove(name);
    await place.visit(name);
    expect(conditionOf(await place.get(name), "Ready")).toMatchObject({ status: "False", reason: "Deleting" });
    expect(conditionOf(await place.get(name), "Ready")?.message).toContain("closing its connections");
    expect(await statusOf(tenantId)).toBe("active");
    const deps = await place.openDeps();
    const later = new Date(Date.now() + 131_000);
    await place.visit(name, { ...deps, clock: { ...deps.clock, date: () => later } });
    expect(await place.find(name)).toBeUndefined();
    expect(await statusOf(tenantId)).toBeUndefined();
  });

  test("DE5 DE6 a spec that another schema has let through can be deleted, and keeps the data", async () => {
    const tenantId = newId();
    const name = await place.makeReady({ tenantId });
    await remove(name);
    const deps = await place.openDeps();
    const tenant = await place.get(name);
    // Defaults are filled in on reading too, so nothing is missing; but words may stand there that mean nothing any more.
    const spec = { ...tenant.spec, deletionPolicy: "Remove", exposure: { type: "Tunnel" }, gateway: { mode: "Own" } };
    const stored = { ...tenant, spec } as unknown as Tenant;
    const cache = { synced: true, get: () => stored, list: () => [stored] };
    await place.visit(name, { ...deps, caches: { ...deps.caches, tenants: cache } });
    expect(await place.find(name)).toBeUndefined();
    expect((await place.readRecord(tenantId))?.retainedAt).toBeDefined();
  });

  test("LG1 LG2 LG4 a due login: the new one beside the old, which goes with the last pod that started with it", async () => {
    const name = await place.makeReady({ gateway: { replicas: 1 }, database: { passwordRotation: "1h" } });
    const secretName = `${name}-chat-database`;
    const before = await place.readValues(secretName);
    await annotateSecret(secretName, { "chat.sendsar.com/login-created-at": "2020-01-01T00:00:00Z" });
    place.events.length = 0;
    await place.visit(name);
    const after = await place.readValues(secretName);
    expect(after["loginId"]).not.toBe(before["loginId"]);
    expect(place.events.map(({ reason }) => reason)).toContain("DatabaseLoginRotated");
    expect((await place.get(name)).status?.databaseLogin).toMatchObject({
      id: after["loginId"],
      retiring: [before["loginId"]],
    });
    await expectLogin(before["databaseUrl"], true);
    await expectLogin(after["databaseUrl"], true);
    await place.visitUntil(name, async () => (await place.get(name)).status?.databaseLogin?.retiring === undefined);
    await expectLogin(before["databaseUrl"], false);
    await expectLogin(after["databaseUrl"], true);
    expect(Object.keys(after).toSorted()).toEqual(["databaseUrl", "loginId", "tenantKey"]);
  });

  test("LG3 LG5 a Secret that was changed gets a new login, a dropped login is made again, a limit is carried over", async () => {
    const name = await place.makeReady();
    const secretName = `${name}-chat-database`;
    const first = await place.readValues(secretName);
    await place.patchSpec(name, { database: { connectionLimit: 7 } });
    await place.visit(name);
    expect(await place.readValues(secretName)).toEqual(first);
    const role = new URL(first["databaseUrl"] ?? "").username;
    const limits = await runOn<{ limit: number }>(
      place.database.adminUrl,
      `select rolconnlimit as limit from pg_roles where rolname = '${role}'`,
    );
    expect(limits).toEqual([{ limit: 7 }]);
    await place.client.delete(resources.secret, { namespace: place.namespace, name: secretName });
    await place.visit(name);
    const second = await place.readValues(secretName);
    expect(second["loginId"]).not.toBe(first["loginId"]);
    await expectLogin(second["databaseUrl"], true);
    const altered = Object.assign(new URL(second["databaseUrl"] ?? ""), { password: "theirs" }).href;
    const data = { databaseUrl: Buffer.from(altered).toString("base64") };
    await place.client.patch(resources.secret, { namespace: place.namespace, name: secretName }, { data });
    await place.visit(name);
    const third = await place.readValues(secretName);
    expect([first["loginId"], second["loginId"]]).not.toContain(third["loginId"]);
    await expectLogin(third["databaseUrl"], true);
    await expectLogin(altered, false);
  });

  const annotateSecret = (name: string, annotations: Readonly<Record<string, string>>) =>
    place.client.patch(resources.secret, { namespace: place.namespace, name }, { metadata: { annotations } });
});

/** Does the login come in? A dropped one is refused by the server, at once. */
const expectLogin = async (url: string | undefined, expected: boolean): Promise<void> => {
  const comesIn = async () =>
    await runOn(url ?? "", "select 1").then(
      () => true,
      () => false,
    );
  expect(await waitUntil(async () => (await comesIn()) === expected, { limitMs: 3000 })).toBe(true);
};
