import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createTestClient } from "../../scripts/testing/client.ts";
import type { TestClient } from "../../scripts/testing/client.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";

// API keys that are replaced while three gateways serve: each of them may remember a key for a moment.

/** Within which every gateway has heard of a key's end. */
const revokedMsMax = 5000;

let one: TestGateway;
let peers: readonly TestPeer[];
beforeAll(async () => {
  one = await startTestGateway();
  peers = [await one.startPeer(), await one.startPeer()];
});
afterAll(() => one[Symbol.asyncDispose]());
afterEach(() => {
  expect([one, ...peers].flatMap((gateway) => loggedFailures(gateway))).toEqual([]);
});

const clientsOf = (apiKey: string): TestClient[] =>
  [one, ...peers].map(({ url }) => createTestClient(url, { "x-api-key": apiKey }));

const statusesOf = async (apiKey: string): Promise<number[]> => {
  const answers = await Promise.all(clientsOf(apiKey).map((client) => client.get("/chat/rooms")));
  return answers.map(({ status }) => status);
};

describe("A08 a key that is revoked", () => {
  test("A08 three gateways that serve it all refuse it within 5 s, and the other tenant loses no call", async () => {
    const { apiKey: old } = await one.provisioner.rotateKey("a");
    expect(await statusesOf(old)).toEqual([200, 200, 200]);
    const stop = new AbortController();
    const ofB: number[] = [];
    const load = (async () => {
      while (!stop.signal.aborted) ofB.push(...(await statusesOf(one.b.apiKey)));
    })();
    try {
      await one.provisioner.rotateKey("a");
      await vi.waitFor(async () => expect(await statusesOf(old)).toEqual([401, 401, 401]), revokedMsMax);
      // And does not come back.
      for (let n = 0; n < 20; n++) expect(await statusesOf(old)).toEqual([401, 401, 401]);
    } finally {
      stop.abort();
      await load;
    }
    expect(ofB.length).toBeGreaterThan(10);
    expect(new Set(ofB)).toEqual(new Set([200]));
  });
});

describe("A09 a key that is rotated", () => {
  test("A09 old and new work everywhere in the time given, and the old one is dead after it", async () => {
    const { apiKey: old } = await one.provisioner.rotateKey("a");
    const { apiKey: fresh } = await one.provisioner.rotateKey("a", 2);
    expect(await statusesOf(fresh)).toEqual([200, 200, 200]);
    expect(await statusesOf(old)).toEqual([200, 200, 200]);
    await vi.waitFor(async () => expect(await statusesOf(old)).toEqual([401, 401, 401]), 2000 + revokedMsMax);
    expect(await statusesOf(fresh)).toEqual([200, 200, 200]);
  });
});
