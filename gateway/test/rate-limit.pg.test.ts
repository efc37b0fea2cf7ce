import { randomUUID } from "node:crypto";
import { rateLimits } from "@sendsar/protocol/rate-limits";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestAnswer } from "../../scripts/testing/client.ts";
import { createTestClient } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// REST calls over their limits, on one gateway (contract 13).

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ config: { rateLimits: true } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const repeat = (times: number, call: () => Promise<TestAnswer>): Promise<TestAnswer[]> =>
  Promise.all(Array.from({ length: times }, call));
/** On a slow machine an allowance grows while it is used: calls go on until one is refused. */
const repeatUntilRefused = async (times: number, call: () => Promise<TestAnswer>): Promise<TestAnswer[]> => {
  const answers: TestAnswer[] = [];
  for (let round = 0; round < 10 && count(answers, 429) === 0; round++) answers.push(...(await repeat(times, call)));
  return answers;
};
const count = (answers: readonly TestAnswer[], status: number): number =>
  answers.filter((answer) => answer.status === status).length;
const limitsOf = ({ headers }: TestAnswer) =>
  ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map((name) => Number(headers.get(name) ?? Number.NaN));

/** What a limit may have let through since a moment, from a standing start. */
const mostSince = (startedAt: number, allowance: { readonly count: number; readonly seconds: number }): number =>
  allowance.count * (1 + (performance.now() - startedAt) / 1000 / allowance.seconds) + 1;

/** A user in a room of its own. */
const createPlace = async () => {
  const user = await createTestUser(gateway, gateway.a);
  const room = await createTestRoom(gateway.a, [user]);
  return { user, roomId: room.id as string };
};

describe("I01 a user over its limit", () => {
  test("is refused with 429 rate_limited, Retry-After and the limit's numbers, and gets through when it said", async () => {
    const { user, roomId } = await createPlace();
    const { user: allowance } = rateLimits["send-message"];
    const startedAt = performance.now();
    const answers = await repeatUntilRefused(60, () => user.send(roomId, "one of many"));
    expect(count(answers, 201)).toBeGreaterThanOrEqual(allowance.count);
    expect(count(answers, 201)).toBeLessThanOrEqual(mostSince(startedAt, allowance));
    const refused = answers.filter(({ status }) => status !== 201);
    for (const answer of refused) {
      expectRefusal(answer, "rate_limited");
      expect(answer.headers.get("retry-after")).toMatch(/^[1-9][0-9]*$/);
      expect(limitsOf(answer)).toEqual([allowance.count, 0, allowance.seconds]);
    }
    expect(refused.length).toBeGreaterThan(0);
    await vi.waitFor(async () => expect((await user.send(roomId, "later")).status).toBe(201), 3000);
    const others = await createPlace();
    expect((await others.user.send(others.roomId, "not mine")).status).toBe(201);
  });

  test("is refused that action alone: it still reads, and the tenant has more to give", async () => {
    const { user, roomId } = await createPlace();
    await repeat(40, () => user.send(roomId, "one of many"));
    expect((await user.client.get(`/chat/rooms/${roomId}/messages`)).status).toBe(200);
    const seen = await user.client.get("/rate-limits");
    const mine = seen.body.limits.filter(({ action }: { action: string }) => action === "send-message");
    expect(mine.map(({ scope, remaining }: { scope: string; remaining: number }) => [scope, remaining > 10])).toEqual([
      ["user", false],
      ["tenant", true],
    ]);
  });

  test("counts when its backend acts in its name, by senderId in a body and by viewerId in a query", async () => {
    const { user, roomId } = await createPlace();
    const parts = [{ type: "text", text: "for somebody" }];
    const send = (senderId: string) => () => gateway.a.api.post(`/chat/rooms/${roomId}/messages`, { senderId, parts });
    const { user: allowance } = rateLimits["send-message"];
    const startedAt = performance.now();
    const answers = [...(await repeat(40, send(user.id))), ...(await repeat(40, () => user.send(roomId, "as itself")))];
    expect(count(answers, 201)).toBeGreaterThanOrEqual(allowance.count);
    expect(count(answers, 201)).toBeLessThanOrEqual(mostSince(startedAt, allowance));
    const read = (viewerId: string) => () => gateway.a.api.get(`/chat/rooms/${roomId}?viewerId=${viewerId}`);
    const reads = await repeatUntilRefused(260, read(user.id));
    expect(count(reads, 200)).toBeGreaterThanOrEqual(rateLimits.read.user.count);
    expect(count(reads, 429)).toBeGreaterThan(0);
    expect((await gateway.a.api.get(`/chat/rooms/${roomId}`)).status).toBe(200);
  });

  test("counts once for each room when it forwards", async () => {
    const { user, roomId } = await createPlace();
    const messageId = (await user.send(roomId, "to forward")).body.id;
    const targetRoomIds = await Promise.all(
      Array.from({ length: 10 }, async () => (await createTestRoom(gateway.a, [user])).id),
    );
    const forward = () => user.client.post(`/chat/rooms/${roomId}/messages/${messageId}/forward`, { targetRoomIds });
    const first = await forward();
    expect(first.status).toBe(201);
    expect(limitsOf(first)[1]).toBeLessThanOrEqual(rateLimits["send-message"].user.count - 10);
    const more = [await forward(), await forward()];
    expect(count(more, 429)).toBeGreaterThan(0);
  });
});

test("I06 ten thousand random room ids: none is hit, and nearly all are refused", { timeout: 120_000 }, async () => {
  const user = await createTestUser(gateway, gateway.a);
  const startedAt = performance.now();
  const statuses = new Map<number, number>();
  for (let round = 0; round < 100; round++) {
    for (const { status } of await repeat(100, () => user.client.get(`/chat/rooms/${randomUUID()}`))) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([404, 429]);
  expect(statuses.get(404)).toBeLessThanOrEqual(mostSince(startedAt, rateLimits.read.user));
});

test("I07 tokens for one user, minted a thousand times: limited, and those for others are not", async () => {
  const [user, other] = [await createTestUser(gateway, gateway.a), await createTestUser(gateway, gateway.a)];
  const answers = await repeat(1000, () => gateway.a.api.post("/auth/token", { userId: user.id }));
  expect(count(answers, 200)).toBeLessThanOrEqual(rateLimits["create-token"].user.count + 10);
  expect(count(answers, 200) + count(answers, 429)).toBe(1000);
  expect((await gateway.a.api.post("/auth/token", { userId: other.id })).status).toBe(200);
});

describe("RateLimit-Limit, RateLimit-Remaining and RateLimit-Reset", () => {
  test("are on every answer to an authenticated call, also to one that is refused, for the tighter limit", async () => {
    const { user, roomId } = await createPlace();
    const answers = [
      await user.client.get(`/chat/rooms/${roomId}`),
      await user.client.get(`/chat/rooms/${randomUUID()}`),
      await user.client.get(`/chat/rooms/${roomId}/messages?limit=x`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 400]);
    expect(answers.map((answer) => limitsOf(answer)[0])).toEqual([200, 200, 200]);
    expect(answers.map((answer) => limitsOf(answer)[1])).toEqual([199, 198, 197]);
    for (const answer of answers) expect(limitsOf(answer)[2]).toBeGreaterThanOrEqual(1);
  });

  test("tell a backend of its tenant", async () => {
    const answer = await gateway.a.api.get("/chat/rooms");
    expect(limitsOf(answer)[0]).toBe(rateLimits.read.tenant.count);
  });

  test("are not on what is nobody's, and a browser may read them", async () => {
    const nobody = await fetch(`${gateway.url}/v1/chat/rooms`, { headers: { origin: "https://shop.example" } });
    expect(nobody.headers.get("ratelimit-limit")).toBeNull();
    const exposed = nobody.headers.get("access-control-expose-headers")?.split(", ");
    expect(exposed).toEqual(
      expect.arrayContaining(["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"]),
    );
  });
});

test("GET /rate-limits tells a user its own and the tenant's, and a backend the tenant's", async () => {
  const { client } = await createTestUser(gateway, gateway.b);
  const scopes = ({ body }: TestAnswer): Set<string> =>
    new Set(body.limits.map(({ action, scope }: { action: string; scope: string }) => `${action} ${scope}`));
  const actions = Object.entries(rateLimits);
  const ofTenant = actions.flatMap(([action, limit]) => ("tenant" in limit ? [`${action} tenant`] : []));
  expect(scopes(await gateway.b.api.get("/rate-limits"))).toEqual(new Set(ofTenant));
  const ofUser = actions.map(([action]) => `${action} user`);
  expect(scopes(await client.get("/rate-limits"))).toEqual(new Set([...ofUser, ...ofTenant]));
});

test("a tenant's own numbers are in force, and another tenant's stay as they are", async () => {
  const quotas = { rateLimits: { "send-message": { user: { count: 3, seconds: 60 } } } };
  const created = await gateway.provisioner.createTenant({ tenantId: "small" });
  await runOn(
    gateway.database.adminUrl,
    `update sendsar.tenants set quotas = '${JSON.stringify(quotas)}' where tenant_id = 'small'`,
  );
  const small = { ...created, api: createTestClient(gateway.url, { "x-api-key": created.apiKey }) };
  const user = await createTestUser(gateway, small);
  const room = await createTestRoom(small, [user]);
  const answers = await repeat(10, () => user.send(room.id, "hello"));
  expect([count(answers, 201), count(answers, 429)]).toEqual([3, 7]);
  const elsewhere = await createPlace();
  expect(count(await repeat(10, () => elsewhere.user.send(elsewhere.roomId, "hello")), 201)).toBe(10);
});
