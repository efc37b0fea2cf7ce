import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestGateway, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { listDevices, registerDevice, unregisterDevice } from "../src/devices.ts";
import { getRateLimits } from "../src/rate-limits.ts";
import { connect } from "./e2e-scene.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ config: { rateLimits: true } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

test("U2 U3 a device is registered, listed, and unregistered by a token with every kind of character", async () => {
  const { app } = await connect(gateway, gateway.url);
  await using _ = app;
  const token = `${"a".repeat(150)}/b:c?d=e#f%`;
  const device = await registerDevice(app.chat, { provider: "FCM", token, platform: "android" });
  expect(device).toMatchObject({ provider: "FCM", token, platform: "android" });
  expect(await registerDevice(app.chat, { provider: "FCM", token, platform: "android" })).toEqual(device);
  expect(await listDevices(app.chat)).toEqual([device]);
  await unregisterDevice(app.chat, token);
  await unregisterDevice(app.chat, token);
  expect(await listDevices(app.chat)).toEqual([]);
});

test("the user's rate limits are told, and what was used is missing", async () => {
  const { app } = await connect(gateway, gateway.url);
  await using _ = app;
  await app.chat.listRooms();
  const limits = await getRateLimits(app.chat);
  const read = limits.find(({ action, scope }) => action === "read" && scope === "user");
  expect(read).toMatchObject({ limit: expect.any(Number), windowSeconds: expect.any(Number) });
  expect(read?.remaining).toBeLessThan(read?.limit ?? 0);
});

test("[CL1] over a limit a call waits as Retry-After says, and gets through", async () => {
  // With the real clock, because the server has it.
  const { app } = await connect(gateway, gateway.url, {});
  await using _ = app;
  const answers: number[] = [];
  const limits = await getRateLimits(app.chat);
  const count = limits.find(({ action, scope }) => action === "write" && scope === "user")?.limit ?? 0;
  expect(count).toBeGreaterThan(10);
  const register = async (): Promise<void> => {
    const startMs = Date.now();
    await registerDevice(app.chat, { provider: "APNS", token: "t" });
    answers.push(Date.now() - startMs);
  };
  await Promise.all(Array.from({ length: count + 5 }, register));
  expect(answers).toHaveLength(count + 5);
  expect(answers.filter((tookMs) => tookMs >= 1000).length).toBeGreaterThan(0);
}, 60_000);
