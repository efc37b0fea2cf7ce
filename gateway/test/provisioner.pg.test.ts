import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestClient } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { plantTenant } from "../../scripts/testing/plant-tenant.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { createApiKey, hashApiKey } from "../src/auth/api-key.ts";
import type { Provisioner } from "../src/provisioning/provisioner.ts";
import { TenantExistsError, TenantNotFoundError } from "../src/provisioning/provisioner.ts";

let gateway: TestGateway;
let provisioner: Provisioner;
beforeAll(async () => {
  gateway = await startTestGateway();
  ({ provisioner } = gateway);
});
afterAll(() => gateway[Symbol.asyncDispose]());

const rowsOf = (tenantId: string) => readTenantRows(gateway.database.adminUrl, tenantId);
const clientWith = (apiKey: string) => createTestClient(gateway.url, { "x-api-key": apiKey });

describe("create", () => {
  test("answers credentials that work at once", async () => {
    const made = await provisioner.createTenant({ tenantId: "create-1", name: "Noodle Bar" });
    expect(made).toEqual({
      tenantId: "create-1",
      apiKey: expect.stringMatching(/^sk_[0-9A-Za-z]{49}$/),
      webhookSecret: expect.stringMatching(/^whsec_[0-9a-f]{48}$/),
    });
    expect(await provisioner.verifyKey(made.apiKey)).toBe("create-1");
    const api = clientWith(made.apiKey);
    expect((await api.post("/users", { id: "ann", username: "Ann" })).status).toBe(201);
    expect((await api.post("/auth/token", { userId: "ann" })).status).toBe(200);
  });

  test("gives every tenant credentials of its own", async () => {
    const made = [];
    for (const tenantId of ["create-2", "create-3"]) made.push(await provisioner.createTenant({ tenantId }));
    const secrets = made.flatMap(({ apiKey, webhookSecret }) => [apiKey, webhookSecret]);
    expect(new Set(secrets).size).toBe(4);
    const sealed = await Promise.all(["create-2", "create-3"].map(async (id) => (await rowsOf(id))["tenant_secrets"]));
    expect(sealed.map((rows) => rows?.length)).toEqual([2, 2]);
  });

  test("refuses a taken id and leaves its tenant as it is", async () => {
    const first = await provisioner.createTenant({ tenantId: "create-4" });
    await requireUnchanged(gateway.database.adminUrl, ["create-4"], async () => {
      const refused = provisioner.createTenant({ tenantId: "create-4", name: "Another" });
      await expect(refused).rejects.toThrow(TenantExistsError);
      await expect(refused).rejects.toThrow("unable to create tenant create-4; it exists already");
    });
    expect(await provisioner.verifyKey(first.apiKey)).toBe("create-4");
  });

  test("of two at once, one makes the tenant and the other is refused", async () => {
    const outcomes = await Promise.allSettled(
      ["x", "y"].map((name) => provisioner.createTenant({ tenantId: "create-5", name })),
    );
    const made = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
    expect(refused).toEqual([expect.any(TenantExistsError)]);
    expect(made).toHaveLength(1);
    expect(await provisioner.verifyKey(made[0]?.apiKey ?? "")).toBe("create-5");
    const rows = await rowsOf("create-5");
    expect([rows["tenants"], rows["api_keys"], rows["tenant_secrets"]].map((found) => found?.length)).toEqual([
      1, 1, 2,
    ]);
  });

  const badIds = [
    "",
    "A",
    "a_b",
    "-a",
    "a-",
    "a b",
    "a.b",
    "a/b",
    "../a",
    "é",
    "a\n",
    "a\u0000",
    "x".repeat(49),
    "'--",
  ];
  test.for(badIds)("refuses the id %j", async (tenantId) => {
    await expect(provisioner.createTenant({ tenantId })).rejects.toThrow(/^unable to use the tenant id; it must be/);
  });

  test.for(["", "x".repeat(81), "a\u0000b", "\ud800"])("refuses the name %j", async (name) => {
    const refused = provisioner.createTenant({ tenantId: "create-6", name });
    await expect(refused).rejects.toThrow(/^unable to use the tenant name; it must be/);
    expect((await rowsOf("create-6"))["tenants"]).toEqual([]);
  });

  test.for([
    ["a1", "x"],
    ["0", "x".repeat(80)],
    [`x${"-".repeat(46)}x`, "名前 '; drop table tenants; --"],
  ] as const)("takes the id %j with the name %j", async ([tenantId, name]) => {
    await provisioner.createTenant({ tenantId, name });
    expect(await provisioner.listTenants()).toContainEqual(expect.objectContaining({ tenantId, name }));
  });
});

test("list shows every tenant, by id, and no credential", async () => {
  const { apiKey, webhookSecret } = await provisioner.createTenant({ tenantId: "list-1", name: "Listed" });
  const tenants = await provisioner.listTenants();
  expect(tenants).toContainEqual({
    tenantId: "list-1",
    name: "Listed",
    status: "active",
    createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  const ids = tenants.map(({ tenantId }) => tenantId);
  expect(ids).toEqual(ids.toSorted());
  expect(ids).toEqual(expect.arrayContaining(["a", "b"]));
  for (const secret of [apiKey, webhookSecret]) expect(JSON.stringify(tenants)).not.toContain(secret);
});

describe("rotate", () => {
  test("without overlap the old key is dead at once, and the rest of the tenant stays", async () => {
    const { apiKey: old } = await provisioner.createTenant({ tenantId: "rotate-1" });
    const { api_keys: _, ...before } = await rowsOf("rotate-1");
    const { apiKey } = await provisioner.rotateKey("rotate-1");
    expect(apiKey).not.toBe(old);
    expect(await provisioner.verifyKey(old)).toBeUndefined();
    expect(await provisioner.verifyKey(apiKey)).toBe("rotate-1");
    expect(await rowsOf("rotate-1")).toMatchObject(before);
  });

  test("with overlap both work until it is over, then the old one is dead", async () => {
    const { apiKey: old } = await provisioner.createTenant({ tenantId: "rotate-2" });
    const { apiKey } = await provisioner.rotateKey("rotate-2", 1);
    expect(await provisioner.verifyKey(old)).toBe("rotate-2");
    expect((await clientWith(old).get("/chat/rooms")).status).toBe(200);
    await expect.poll(() => provisioner.verifyKey(old), { timeout: 5000 }).toBeUndefined();
    expect(await provisioner.verifyKey(apiKey)).toBe("rotate-2");
    // A gateway that saw the old key in force knows when that ends.
    expectRefusal(await clientWith(old).get("/chat/rooms"), "unauthorized");
    expect((await clientWith(apiKey).get("/chat/rooms")).status).toBe(200);
  });

  test("a later rotation never gives an old key more time", async () => {
    const { apiKey: first } = await provisioner.createTenant({ tenantId: "rotate-3" });
    const { apiKey: second } = await provisioner.rotateKey("rotate-3");
    const { apiKey: third } = await provisioner.rotateKey("rotate-3", 3600);
    expect(await provisioner.verifyKey(first)).toBeUndefined();
    expect(await provisioner.verifyKey(second)).toBe("rotate-3");
    await provisioner.rotateKey("rotate-3");
    for (const key of [first, second, third]) expect(await provisioner.verifyKey(key)).toBeUndefined();
  });

  test("of two at once, exactly one key is in force afterwards", async () => {
    const { apiKey: old } = await provisioner.createTenant({ tenantId: "rotate-4" });
    const admin = new pg.Client({ connectionString: gateway.database.adminUrl });
    await admin.connect();
    // Both wait for the same row, and go on when it is free.
    await admin.query("begin; select from sendsar.api_keys where tenant_id = 'rotate-4' for update");
    const rotations = Promise.all([provisioner.rotateKey("rotate-4"), provisioner.rotateKey("rotate-4")]);
    const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await expect.poll(async () => (await admin.query(waiting)).rowCount, { timeout: 4000 }).toBe(2);
    await admin.query("rollback");
    await admin.end();
    const keys = [old, ...(await rotations).map(({ apiKey }) => apiKey)];
    const owners = await Promise.all(keys.map((key) => provisioner.verifyKey(key)));
    expect(owners.filter((owner) => owner !== undefined)).toEqual(["rotate-4"]);
  });

  test("leaves other tenants' keys alone", async () => {
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      await provisioner.createTenant({ tenantId: "rotate-5" });
      await provisioner.rotateKey("rotate-5");
    });
    expect(await provisioner.verifyKey(gateway.b.apiKey)).toBe("b");
  });

  test("refuses a tenant that is not there", async () => {
    const refused = provisioner.rotateKey("nobody");
    await expect(refused).rejects.toThrow(TenantNotFoundError);
    await expect(refused).rejects.toThrow("unable to rotate the key of tenant nobody; there is none");
  });
});

test("verify knows a key by all of it, and nobody by none", async () => {
  const { apiKey } = await provisioner.createTenant({ tenantId: "verify-1" });
  expect(await provisioner.verifyKey(apiKey)).toBe("verify-1");
  const hash = hashApiKey(apiKey).toString("hex");
  for (const wrong of ["", "sk_", createApiKey(), apiKey.slice(0, -1), `${apiKey} `, apiKey.toLowerCase(), hash]) {
    expect(await provisioner.verifyKey(wrong)).toBeUndefined();
  }
});

describe("delete", () => {
  test("removes every row of that tenant and none of another's", async () => {
    const tenants = [];
    for (const tenantId of ["delete-1", "delete-2"]) {
      const made = await provisioner.createTenant({ tenantId });
      const tenant = { ...made, api: clientWith(made.apiKey) };
      await plantTenant(gateway, tenant);
      tenants.push(tenant);
    }
    await requireUnchanged(gateway.database.adminUrl, ["delete-2", "a", "b"], () =>
      provisioner.deleteTenant("delete-1"),
    );
    // What was revoked outlives the tenant, so that every gateway cuts its sockets; and so does the list of its files that
    // are to be removed from the store.
    const { revocations, file_removals, ...others } = await rowsOf("delete-1");
    expect(revocations).toHaveLength(2);
    expect(file_removals).toHaveLength(2);
    for (const [table, rows] of Object.entries(others)) expect(rows, table).toEqual([]);
    const [gone, left] = tenants;
    expect(await provisioner.verifyKey(gone?.apiKey ?? "")).toBeUndefined();
    expect(await provisioner.verifyKey(left?.apiKey ?? "")).toBe("delete-2");
    expect((await provisioner.listTenants()).map(({ tenantId }) => tenantId)).not.toContain("delete-1");
  });

  test("is final: a new tenant of that id starts with nothing, and the old key stays dead", async () => {
    const old = await provisioner.createTenant({ tenantId: "delete-3" });
    await clientWith(old.apiKey).post("/users", { id: "ann", username: "Ann" });
    await provisioner.deleteTenant("delete-3");
    const made = await provisioner.createTenant({ tenantId: "delete-3" });
    expect(await provisioner.verifyKey(old.apiKey)).toBeUndefined();
    expect(await provisioner.verifyKey(made.apiKey)).toBe("delete-3");
    expect((await rowsOf("delete-3"))["users"]).toEqual([]);
  });

  test("refuses a tenant that is not there, any more", async () => {
    await provisioner.createTenant({ tenantId: "delete-4" });
    await provisioner.deleteTenant("delete-4");
    for (const id of ["delete-4", "nobody", "", "%", "' or true --"]) {
      await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
        await expect(provisioner.deleteTenant(id)).rejects.toThrow(TenantNotFoundError);
      });
    }
  });
});
