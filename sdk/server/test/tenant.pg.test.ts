import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSendsar } from "../src/server-sdk.ts";
import { type ServerGateway, startServerGateway } from "./server-gateway.ts";
import { failureOf } from "./test-sendsar.ts";

let server: ServerGateway;

beforeAll(async () => {
  server = await startServerGateway({ config: { rateLimits: true } });
});
afterAll(() => server[Symbol.asyncDispose]());

describe("the tenant", () => {
  test("T2 T3 settings are read and changed", async () => {
    const { tenant } = server.sendsar;
    expect((await tenant.getSettings()).chat.deletedMessageDisplay).toBe("placeholder");
    const changed = await tenant.updateSettings({ chat: { deletedMessageDisplay: "hidden" }, own: { key: 1 } });
    expect(changed).toMatchObject({ chat: { deletedMessageDisplay: "hidden" }, own: { key: 1 } });
    expect(await tenant.getSettings()).toEqual(changed);
    expect((await server.other.tenant.getSettings()).chat.deletedMessageDisplay).toBe("placeholder");
    expect(await failureOf(tenant.updateSettings({ plan: "pro" }))).toMatchObject({ code: "reserved_setting" });
  });

  test("T1 storage is counted", async () => {
    expect(await server.sendsar.tenant.getStorage()).toMatchObject({ bytesUsed: 0, fileCount: 0, pendingBytes: 0 });
  });

  test("13 rate limits are told", async () => {
    const { limits } = await server.sendsar.tenant.getRateLimits();
    expect(limits.map(({ scope }) => scope)).toEqual(limits.map(() => "tenant"));
    expect(limits.find(({ action }) => action === "send-message")).toMatchObject({ limit: 400, windowSeconds: 2 });
  });

  test("I01 a burst over the limit gets through, because the SDK waits as it is told", async () => {
    const statuses: number[] = [];
    const watched: typeof fetch = async (...request) => {
      const answer = await fetch(...request);
      statuses.push(answer.status);
      return answer;
    };
    const { apiKey } = server.gateway.a;
    const { rooms, messages } = createSendsar({ apiUrl: server.sendsar.apiUrl, apiKey, fetch: watched });
    const { id } = await rooms.ensureGroup("burst", { participants: ["ann"] });
    const send = (n: number) => messages.send(id, { senderId: "ann", text: `${n}` });
    const sent = await Promise.all(Array.from({ length: 30 }, (_, n) => send(n)));
    expect(new Set(sent.map((message) => message.id)).size).toBe(30);
    expect(statuses).toContain(429);
  });
});

test("T4 apps are made, listed, changed and deleted; credentials are never answered", async () => {
  const { apps } = server.sendsar;
  const oneSignalConfig = { appId: "5eb5a37e-b458-11e3-ac11-000c2940e62c", restApiKey: "never-to-be-seen" };
  const app = await apps.create({ appCode: "driver-app", name: "Driver", pushPayloadType: "DATA", oneSignalConfig });
  expect(app).toMatchObject({ appCode: "driver-app", hasOneSignal: true, isDefault: false });
  expect(JSON.stringify(app)).not.toContain("never-to-be-seen");
  expect((await apps.list()).apps.map(({ appCode }) => appCode)).toContain("driver-app");
  expect(await apps.update("driver-app", { oneSignalConfig: null })).toMatchObject({
    name: "Driver",
    hasOneSignal: false,
  });
  expect(await apps.get("driver-app")).toMatchObject({ hasOneSignal: false });
  expect(await failureOf(apps.create({ appCode: "driver-app" }))).toMatchObject({ status: 409, code: "app_exists" });
  expect(await apps.delete("driver-app")).toEqual({ ok: true });
  expect(await failureOf(apps.get("driver-app"))).toMatchObject({ code: "app_not_found" });
});
