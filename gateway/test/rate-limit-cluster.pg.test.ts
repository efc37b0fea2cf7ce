import { rateLimits } from "@sendsar/protocol/rate-limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestClient } from "../../scripts/testing/client.ts";
import { createTestClient, createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { runOpenLoop } from "../../scripts/testing/open-loop.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Three gateways over one database: a limit is one limit.

let one: TestGateway;
let gateways: readonly Pick<TestPeer, "url">[];
beforeAll(async () => {
  one = await startTestGateway({ config: { rateLimits: true } });
  gateways = [one, await one.startPeer(), await one.startPeer()];
});
afterAll(() => one[Symbol.asyncDispose]());

const seconds = 6;

/** What a limit lets through in so many milliseconds from a standing start. */
const allowanceIn = ({ count, seconds: window }: { readonly count: number; readonly seconds: number }, ms: number) =>
  count + (count / window) * (ms / 1000);

test("I01 a user at five times its limit over three gateways gets what one would give, within a tenth", async () => {
  const user = await createTestUser(one, one.a);
  const room = await createTestRoom(one.a, [user]);
  const { user: allowance } = rateLimits["send-message"];
  const perSecond = (5 * allowance.count) / allowance.seconds;
  const clients = gateways.map(({ url }) => createUserClient(url, user.token));
  const { statuses, ms } = await runOpenLoop({
    perSecond,
    seconds,
    call: (n) =>
      clientAt(clients, n).post(`/chat/rooms/${room.id}/messages`, { parts: [{ type: "text", text: `n ${n}` }] }),
  });
  expect(statuses.get(201)).toBeGreaterThan(allowanceIn(allowance, ms) * 0.9);
  expect(statuses.get(201)).toBeLessThan(allowanceIn(allowance, ms) * 1.1);
  expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([201, 429]);
});

test("I01 a tenant's limit holds over three gateways too, within a tenth", async () => {
  const clients = gateways.map(({ url }) => createTestClient(url, { "x-api-key": one.a.apiKey }));
  const { tenant: allowance } = rateLimits["upload-presign"];
  const { statuses, ms } = await runOpenLoop({
    perSecond: 150,
    seconds,
    // What does not fit the contract counts like anything else, and costs the database nothing.
    call: (n) => clientAt(clients, n).post("/chat/uploads/presign", {}),
  });
  expect(statuses.get(400)).toBeGreaterThan(allowanceIn(allowance, ms) * 0.9);
  expect(statuses.get(400)).toBeLessThan(allowanceIn(allowance, ms) * 1.1);
  expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([400, 429]);
});

test("I02 while tenant A is at ten times its limit, B is refused nothing", async () => {
  const created = await one.provisioner.createTenant({ tenantId: "loud" });
  const allowance = { count: 40, seconds: 4 };
  const quotas = JSON.stringify({ rateLimits: { "send-message": { tenant: allowance } } });
  await runOn(one.database.adminUrl, `update sendsar.tenants set quotas = '${quotas}' where tenant_id = 'loud'`);
  const tenantA = { ...created, api: createTestClient(one.url, { "x-api-key": created.apiKey }) };
  // Each of them stays within its own limit.
  const loud = await Promise.all(Array.from({ length: 12 }, () => createTestUser(one, tenantA)));
  const [loudRoom, quiet] = [await createTestRoom(tenantA, loud), await createTestUser(one, one.b)];
  const quietRoom = await createTestRoom(one.b, [quiet]);
  const ofA = loud.map(({ token }, n) => createUserClient(urlAt(n), token));
  const ofB = gateways.map(({ url }) => createUserClient(url, quiet.token));
  const send = (clients: readonly TestClient[], roomId: string) => (n: number) =>
    clientAt(clients, n).post(`/chat/rooms/${roomId}/messages`, text(`n ${n}`));
  const [flood, beside] = await Promise.all([
    runOpenLoop({ perSecond: (10 * allowance.count) / allowance.seconds, seconds, call: send(ofA, loudRoom.id) }),
    runOpenLoop({ perSecond: 8, seconds, call: send(ofB, quietRoom.id) }),
  ]);
  expect(flood.statuses.get(201)).toBeLessThan(allowanceIn(allowance, flood.ms) * 1.1);
  expect(flood.statuses.get(429)).toBeGreaterThan(100);
  expect([...beside.statuses.keys()]).toEqual([201]);
});

const text = (value: string) => ({ parts: [{ type: "text", text: value }] });
const clientAt = (clients: readonly TestClient[], n: number): TestClient => {
  const client = clients[n % clients.length];
  if (!client) throw new Error("unable to choose a client; there is none");
  return client;
};
const urlAt = (n: number): string => gateways[n % gateways.length]?.url ?? "";
