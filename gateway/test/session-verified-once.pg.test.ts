import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";

// The gateway is in this process, so its looks at signatures can be counted.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const checks = vi.spyOn(crypto.subtle, "verify");
beforeEach(() => void checks.mockClear());

test("the signature of a session's token is checked once, also when the tenant's keys are read anew", async () => {
  const { token } = await createTestUser(gateway, gateway.a);
  const client = createUserClient(gateway.url, token);
  const look = async () => (await client.get("/chat/rooms")).status;
  for (let n = 0; n < 5; n++) expect(await look()).toBe(200);
  expect(checks).toHaveBeenCalledTimes(1);
  // Both forget what is known of the tenant.
  await gateway.provisioner.suspendTenant("a");
  await expect.poll(look, { timeout: 7000 }).toBe(403);
  await gateway.provisioner.resumeTenant("a");
  await expect.poll(look, { timeout: 7000 }).toBe(200);
  expect(checks).toHaveBeenCalledTimes(1);
});
