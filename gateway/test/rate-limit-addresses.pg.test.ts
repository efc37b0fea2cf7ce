import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestAnswer, TestClient } from "../../scripts/testing/client.ts";
import { createTestClient, refusedSocket } from "../../scripts/testing/client.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { tapPostgres } from "../../scripts/testing/postgres-tap.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";
import { createApiKey } from "../src/auth/api-key.ts";

// Wrong credentials by address. The gateway stands behind a proxy that it trusts, which is this test.

let gateway: TestGateway;
let user: TestUser;
beforeAll(async () => {
  gateway = await startTestGateway({ config: { rateLimits: true, trustedProxies: ["loopback"] } });
  user = await createTestUser(gateway, gateway.a);
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** An address that nobody called from before. */
let address: string;
let addresses = 0;
beforeEach(() => {
  address = `203.0.113.${++addresses}`;
});

const from = (credentials: Readonly<Record<string, string>>, where = address): TestClient =>
  createTestClient(gateway.url, { "x-forwarded-for": where, ...credentials });
const withKey = (key: string, where?: string): TestClient => from({ "x-api-key": key }, where);
const withToken = (token: string, where?: string): TestClient => from({ authorization: `Bearer ${token}` }, where);
/** A token whose signature is that of another one. */
const forged = (): string => `${user.token.slice(0, user.token.lastIndexOf("."))}.${"A".repeat(43)}`;

const tryKeys = async (times: number): Promise<TestAnswer[]> =>
  Promise.all(Array.from({ length: times }, () => withKey(createApiKey()).get("/chat/rooms")));
const statusesOf = (answers: readonly TestAnswer[]): Record<number, number> => {
  const statuses: Record<number, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  return statuses;
};

test("A18 a thousand wrong keys from one address: 429 after the limit; the right key from another is not affected", async () => {
  const startedAt = performance.now();
  const answers: TestAnswer[] = [];
  for (let round = 0; round < 10; round++) {
    answers.push(...(await tryKeys(100)));
    expect((await withKey(gateway.b.apiKey, "203.0.113.250").get("/chat/rooms")).status).toBe(200);
  }
  const max = limits.wrongCredentialsPerMinuteMax * (1 + (performance.now() - startedAt) / 60_000) + 1;
  const { 401: refused = 0, 429: limited = 0 } = statusesOf(answers);
  expect(refused).toBeGreaterThanOrEqual(limits.wrongCredentialsPerMinuteMax);
  expect(refused).toBeLessThanOrEqual(max);
  expect(refused + limited).toBe(1000);
  const last = answers.at(-1);
  if (last) expectRefusal(last, "rate_limited");
  expect(last?.headers.get("retry-after")).toMatch(/^[1-9][0-9]*$/);
});

test("A18 over the limit a credential that is known is still right, at the same address too", async () => {
  await withKey(gateway.a.apiKey).get("/chat/rooms");
  await tryKeys(limits.wrongCredentialsPerMinuteMax + 10);
  expect((await withKey(gateway.a.apiKey).get("/chat/rooms")).status).toBe(200);
  expect((await withToken(user.token).get("/chat/rooms")).status).toBe(200);
  expect((await withToken(forged()).get("/chat/rooms")).status).toBe(429);
});

test("A18 forged tokens count like wrong keys, over REST and over sockets", async () => {
  const answers = await Promise.all(
    Array.from({ length: limits.wrongCredentialsPerMinuteMax + 20 }, () => withToken(forged()).get("/chat/rooms")),
  );
  expect(statusesOf(answers)[429]).toBeGreaterThanOrEqual(10);
  expect((await withKey(createApiKey()).get("/chat/rooms")).status).toBe(429);
  // Sockets of this test come without the header, so from another address.
  expect(await refusedSocket(gateway.url, forged())).toMatchObject({ code: "unauthorized" });
});

test("A18 a missing credential, and a right one that may not, are not wrong ones", async () => {
  const calls = Array.from({ length: limits.wrongCredentialsPerMinuteMax + 20 }, async () => [
    (await from({}).get("/chat/rooms")).status,
    (await withToken(user.token).post("/users", { id: randomUUID(), username: "x" })).status,
  ]);
  const statuses = (await Promise.all(calls)).flat();
  expect(new Set(statuses)).toEqual(new Set([401, 403]));
});

describe("I03 headers", () => {
  test("that a client makes up before the proxy's own change nothing", async () => {
    const answers: TestAnswer[] = [];
    for (let n = 0; n < limits.wrongCredentialsPerMinuteMax + 50; n++) {
      const made = { "x-forwarded-for": `198.51.100.${n % 250}, ${address}`, "x-real-ip": `198.51.100.${n % 250}` };
      answers.push(await createTestClient(gateway.url, { ...made, "x-api-key": createApiKey() }).get("/chat/rooms"));
    }
    expect(statusesOf(answers)[429]).toBeGreaterThanOrEqual(40);
  });

  test("have no effect at all on a gateway that trusts no proxy", async () => {
    await using bare = await startTestGateway({ config: { rateLimits: true } });
    const answers = await Promise.all(
      Array.from({ length: limits.wrongCredentialsPerMinuteMax + 50 }, (_, n) =>
        createTestClient(bare.url, {
          "x-forwarded-for": `198.51.100.${n % 250}`,
          "x-real-ip": `198.51.100.${n % 250}`,
          forwarded: `for=198.51.100.${n % 250}`,
          "x-api-key": createApiKey(),
        }).get("/chat/rooms"),
      ),
    );
    expect(statusesOf(answers)[429]).toBeGreaterThanOrEqual(40);
  });
});

test("A18 over the limit wrong keys do not reach the database any more", async () => {
  await using real = await createTestDatabase();
  await using tap = await tapPostgres(real.gatewayUrl);
  await using tapped = await startTestGateway({
    database: { ...real, gatewayUrl: tap.url },
    config: { rateLimits: true },
  });
  const tryMany = async (times: number): Promise<{ readonly status: Set<number>; readonly transactions: number }> => {
    const before = tap.statements.length;
    const answers = await Promise.all(
      Array.from({ length: times }, () =>
        createTestClient(tapped.url, { "x-api-key": createApiKey() }).get("/chat/rooms"),
      ),
    );
    const transactions = tap.statements.slice(before).filter(({ text }) => text === "begin").length;
    return { status: new Set(answers.map(({ status }) => status)), transactions };
  };
  const within = await tryMany(limits.wrongCredentialsPerMinuteMax - 10);
  expect(within.transactions).toBeGreaterThanOrEqual(limits.wrongCredentialsPerMinuteMax - 10);
  await tryMany(50);
  const beyond = await tryMany(300);
  // It looks at the log about once a second, and an attempt is free again about as often.
  expect(beyond.transactions).toBeLessThan(30);
  expect(beyond.status).toContain(429);
});
