import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import type { TestGateway, TestTenant } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { createTestClient } from "../../scripts/testing/client.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §10 (T4).

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const newCode = (): string => `app-${randomUUID()}`;
const create = (body: object) => gateway.a.api.post("/tenant-apps", body);
const pathOf = (appCode: string): string => `/tenant-apps/${encodeURIComponent(appCode)}`;
const listCodes = async (api = gateway.a.api): Promise<string[]> =>
  (await api.get("/tenant-apps")).body.apps.map(({ appCode }: Wire) => appCode);

const nothing = { hasOneSignal: false, hasFcm: false, hasPushy: false, hasApns: false, hasWebPush: false };
const time = expect.stringMatching(/^\d{4}-.*Z$/);

const newTenant = async (): Promise<TestTenant> => {
  const made = await gateway.provisioner.createTenant({ tenantId: `t-${randomUUID().slice(0, 8)}` });
  return { ...made, api: createTestClient(gateway.url, { "x-api-key": made.apiKey }) };
};

describe("T4 apps", () => {
  test("T4 create, read, list, change, delete", async () => {
    const appCode = newCode();
    const made = await create({ appCode });
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      appCode,
      name: appCode,
      pushPayloadType: "FULL",
      ...nothing,
      isDefault: false,
      createdAt: time,
      updatedAt: made.body.createdAt,
    });
    expect((await gateway.a.api.get(pathOf(appCode))).body).toEqual(made.body);
    expect((await gateway.a.api.get("/tenant-apps")).body.apps).toContainEqual(made.body);
    const changed = await gateway.a.api.patch(pathOf(appCode), { name: "Drivers", pushPayloadType: "DATA" });
    expect(changed.status).toBe(200);
    expect(changed.body).toEqual({ ...made.body, name: "Drivers", pushPayloadType: "DATA", updatedAt: time });
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      expect((await gateway.a.api.patch(pathOf(appCode), { unknown: 1 })).body).toEqual(changed.body);
    });
    expect((await gateway.a.api.patch(pathOf(appCode), { name: null })).body.name).toBe("Drivers");
    expect(await gateway.a.api.call("DELETE", pathOf(appCode))).toMatchObject({ status: 200, body: { ok: true } });
    for (const answer of [
      await gateway.a.api.get(pathOf(appCode)),
      await gateway.a.api.patch(pathOf(appCode), { name: "x" }),
      await gateway.a.api.call("DELETE", pathOf(appCode)),
    ]) {
      expectRefusal(answer, "app_not_found");
    }
  });

  test("T4 `default` is there before anybody made it, sorts first, can be changed and not be deleted or made", async () => {
    const { api, tenantId } = await newTenant();
    const first = await api.get("/tenant-apps/default");
    expect(first.body).toEqual({
      appCode: "default",
      name: "Default",
      pushPayloadType: "FULL",
      ...nothing,
      isDefault: true,
      createdAt: time,
      updatedAt: first.body.createdAt,
    });
    await requireUnchanged(gateway.database.adminUrl, [tenantId], async () => {
      expect((await api.get("/tenant-apps")).body).toEqual({ apps: [first.body] });
      expect((await api.patch("/tenant-apps/default", {})).body).toEqual(first.body);
      expectRefusal(await api.post("/tenant-apps", { appCode: "default" }), "app_exists");
      expectRefusal(await api.call("DELETE", "/tenant-apps/default"), "default_app");
    });
    for (const appCode of ["aaa", "0", "zzz"]) await api.post("/tenant-apps", { appCode });
    const changed = await api.patch("/tenant-apps/default", { name: "All", pushyConfig: { apiKey: "k" } });
    expect(changed.body).toEqual({ ...first.body, name: "All", hasPushy: true, updatedAt: time });
    expect((await api.get("/tenant-apps/default")).body).toEqual(changed.body);
    expect(await listCodes(api)).toEqual(["default", "0", "aaa", "zzz"]);
    expectRefusal(await api.call("DELETE", "/tenant-apps/default"), "default_app");
  });

  test("T4 a code is taken once: 409, and the app that has it stays as it is, its credentials too", async () => {
    const appCode = newCode();
    await create({ appCode, name: "First", pushyConfig: { apiKey: "first" } });
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      const again = await create({ appCode, name: "Second", pushyConfig: { apiKey: "second" }, fcmConfig: null });
      expectRefusal(again, "app_exists");
    });
    const racing = newCode();
    const answers = await Promise.all(Array.from({ length: 10 }, () => create({ appCode: racing })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(9);
  });

  test("T4 as many as fit beside the default one, also when they come at once", async () => {
    const { api } = await newTenant();
    await api.patch("/tenant-apps/default", { name: "Default" });
    const answers = await Promise.all(
      Array.from({ length: limits.appsMax + 5 }, (_, n) => api.post("/tenant-apps", { appCode: `app-${n}` })),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(5);
    for (const answer of refused) expectRefusal(answer, "too_many_apps");
    expect(await listCodes(api)).toHaveLength(limits.appsMax + 1);
    await api.call("DELETE", pathOf((await listCodes(api))[1] ?? ""));
    expect((await api.post("/tenant-apps", { appCode: "one-more" })).status).toBe(201);
  });

  test("T4 deleting an app leaves its users with its code, which a new app of the code takes up", async () => {
    const appCode = newCode();
    await create({ appCode });
    const { id } = await createTestUser(gateway, gateway.a);
    await gateway.a.api.patch(`/users/${id}`, { appCode });
    await gateway.a.api.call("DELETE", pathOf(appCode));
    expect((await gateway.a.api.get(`/users/${id}`)).body.appCode).toBe(appCode);
    expect((await create({ appCode })).body).toMatchObject(nothing);
  });
});

describe("whose apps", () => {
  test("A03 A16 the same code in two tenants is two apps", async () => {
    const appCode = newCode();
    await create({ appCode, name: "a's", pushyConfig: { apiKey: "a's" } });
    const { api } = gateway.b;
    await requireUnchanged(gateway.database.adminUrl, ["a"], async () => {
      for (const code of [appCode, newCode()]) {
        expectRefusal(await api.get(pathOf(code)), "app_not_found");
        expectRefusal(await api.patch(pathOf(code), { name: "b's" }), "app_not_found");
        expectRefusal(await api.call("DELETE", pathOf(code)), "app_not_found");
      }
      expect(await listCodes(api)).not.toContain(appCode);
      expect((await api.post("/tenant-apps", { appCode, name: "b's" })).body).toMatchObject({ hasPushy: false });
      await api.patch(pathOf(appCode), { pushyConfig: null });
      await api.call("DELETE", pathOf(appCode));
    });
  });

  test("A10 a session token neither sees nor changes apps", async () => {
    const { client } = await createTestUser(gateway, gateway.a);
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const [method, path, body] of [
        ["GET", "/tenant-apps", undefined],
        ["POST", "/tenant-apps", { appCode: newCode() }],
        ["GET", "/tenant-apps/default", undefined],
        ["PATCH", "/tenant-apps/default", { name: "x" }],
        ["DELETE", "/tenant-apps/default", undefined],
      ] as const) {
        expectRefusal(await client.call(method, path, body), "api_key_required");
      }
    });
  });
});

test("T4 what does not fit is refused and named, and nothing is stored", async () => {
  const appCode = newCode();
  const wrong: readonly [path: string, body: object][] = [
    ["appCode", {}],
    ["appCode", { appCode: "" }],
    ["appCode", { appCode: "Upper" }],
    ["appCode", { appCode: "a b" }],
    ["appCode", { appCode: "-a" }],
    ["appCode", { appCode: "a/b" }],
    ["appCode", { appCode: "é" }],
    ["appCode", { appCode: "x".repeat(limits.appCodeCharsMax + 1) }],
    ["name", { appCode, name: "" }],
    ["name", { appCode, name: "x".repeat(limits.appNameCharsMax + 1) }],
    ["pushPayloadType", { appCode, pushPayloadType: "full" }],
  ];
  await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
    for (const [path, body] of wrong) {
      const answer = await create(body);
      const what = JSON.stringify(body).slice(0, 80);
      expect(answer, what).toMatchObject({ status: 400, body: { code: "invalid_request" } });
      expect(new Set(answer.body.details.map((detail: Wire) => detail.path)), what).toEqual(new Set([path]));
    }
  });
  for (const code of ["a", "0", "driver_app-2", "x".repeat(limits.appCodeCharsMax)]) {
    expect((await create({ appCode: code })).status).toBe(201);
  }
});
