import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestClient } from "../../scripts/testing/client.ts";
import { createTestBoundLogin, startDedicatedGateway } from "../../scripts/testing/dedicated-gateway.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { createKeyRing } from "../src/auth/key-ring.ts";
import type { SealedRow } from "../src/auth/seal.ts";
import { appSecretBelongsTo, createSeal, secretBelongsTo } from "../src/auth/seal.ts";
import { resealTenant } from "../src/provisioning/reseal-tenant.ts";
import type { Db } from "../src/store/db.ts";
import { openDb } from "../src/store/db.ts";
import type { SealedSecretRow } from "../src/store/sealed-rows.ts";
import { listSealedRows, replaceSealedRow } from "../src/store/sealed-rows.ts";

let gateway: TestGateway;
let db: Db;
beforeAll(async () => {
  gateway = await startTestGateway();
  const { adminUrl } = gateway.database;
  const onConnectionError = () => undefined;
  db = openDb({ databaseUrl: adminUrl, poolMax: 2, role: "sendsar_provisioner", onConnectionError });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

const keys = () => createKeyRing({ kind: "master", masterKey: gateway.masterKey });
const rowOf = (tenantId: string, row: SealedSecretRow): SealedRow =>
  row.table === "tenant_secrets"
    ? secretBelongsTo(tenantId, row.kind, row.secretId)
    : appSecretBelongsTo(tenantId, row.appCode, row.provider);
const open = (tenantId: string, rows: readonly SealedSecretRow[]) =>
  rows.map((row) => keys().open(row.sealed, rowOf(tenantId, row)).toString("hex"));
/** Seals everything with the master key itself, as it was before tenants had keys. */
const makeOld = async (tenantId: string): Promise<void> => {
  const master = createSeal(Buffer.from(gateway.masterKey, "base64"));
  for (const row of await listSealedRows(db, tenantId)) {
    const belongsTo = rowOf(tenantId, row);
    const sealed = master.seal(keys().open(row.sealed, belongsTo), belongsTo.row);
    await replaceSealedRow(db, tenantId, row, { sealed, masterKeyId: master.id });
  }
};
const versions = async (): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: gateway.database.adminUrl });
  await client.connect();
  const { rows } = await client.query(
    "select xmin::text, tenant_id from sendsar.tenant_secrets union all select xmin::text, tenant_id from sendsar.app_secrets order by 1",
  );
  await client.end();
  return rows;
};

test("K10 what the master key sealed is sealed anew for a tenant's own gateway, which then works; nothing else is written", async () => {
  for (const tenant of [gateway.a, gateway.b]) {
    await tenant.api.post("/tenant-apps", { appCode: "x", pushyConfig: { apiKey: "k" } });
    await tenant.api.post("/users", { id: "ann", username: "ann" });
    await makeOld(tenant.tenantId);
  }
  const [before, ofB] = [await listSealedRows(db, "a"), await listSealedRows(db, "b")];
  expect(before.map(({ sealed }) => keys().isOwn(sealed.masterKeyId, "a"))).toEqual([false, false, false]);

  expect(await resealTenant(db, keys(), "a")).toBe(3);
  const after = await listSealedRows(db, "a");
  expect(after.map(({ sealed }) => keys().isOwn(sealed.masterKeyId, "a"))).toEqual([true, true, true]);
  expect(open("a", after)).toEqual(open("a", before));
  expect(await listSealedRows(db, "b")).toEqual(ofB);

  const unchanged = await versions();
  expect(await resealTenant(db, keys(), "a")).toBe(0);
  expect(await resealTenant(db, keys(), "nobody")).toBe(0);
  expect(await versions()).toEqual(unchanged);

  await using login = await createTestBoundLogin(gateway, "a");
  await using own = await startDedicatedGateway(gateway, login);
  const minted = await createTestClient(own.url, { "x-api-key": gateway.a.apiKey }).post("/auth/token", {
    userId: "ann",
  });
  expect(minted.status).toBe(200);
  // Rows that were left as they were still serve the gateways of all.
  expect((await gateway.b.api.post("/auth/token", { userId: "ann" })).status).toBe(200);
});

test("K10 a secret that was replaced meanwhile stays as it is then", async () => {
  await makeOld("a");
  const [row] = await listSealedRows(db, "a");
  if (!row) throw new Error("there is no secret to reseal");
  const newer = keys().seal(Buffer.from("newer"), rowOf("a", row));
  await replaceSealedRow(db, "a", row, newer);
  await replaceSealedRow(db, "a", row, keys().seal(Buffer.from("older"), rowOf("a", row)));
  expect(await resealTenant(db, keys(), "a")).toBe(2);
  const [kept] = (await listSealedRows(db, "a")).filter(({ sealed }) => sealed.sealed.equals(newer.sealed));
  expect(kept && keys().open(kept.sealed, rowOf("a", kept)).toString()).toBe("newer");
});
