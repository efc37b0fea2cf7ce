import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestClient, refusedSocket } from "../../scripts/testing/client.ts";
import { connectTestSocket } from "../../scripts/testing/client.ts";
import type { Forger } from "../../scripts/testing/forge-token.ts";
import { forgeToken, readForgerKey } from "../../scripts/testing/forge-token.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { generateTokenMutants } from "../../scripts/testing/generated-token-mutants.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { seedRoom } from "../../scripts/testing/seed-room.ts";

const seed = 20_260_103;
const count = 2000;
/** One in so many is tried by the handshake, too. */
const socketEvery = 10;

let gateway: TestGateway;
let forger: Forger;
beforeAll(async () => {
  // Its clock stands still, so that a mutant that is a second wrong stays a second wrong.
  const now = new Date();
  gateway = await startTestGateway({ now: () => now });
  await seedRoom(gateway.a.api, { people: ["ann", "bo"], externalId: "mutants" });
  const { adminUrl } = gateway.database;
  forger = {
    own: await readForgerKey(adminUrl, gateway.masterKey, "a"),
    other: await readForgerKey(adminUrl, gateway.masterKey, "b"),
    userId: "ann",
    now: Math.floor(now.getTime() / 1000),
    sinkUrl: "http://127.0.0.1:1/",
  };
});
afterAll(() => gateway[Symbol.asyncDispose]());

const overRest = (token: string) =>
  createTestClient(gateway.url, { authorization: `Bearer ${token}` }).get("/chat/rooms");

test("a token that nothing is changed in is let in by both, so that only the change refuses a mutant", async () => {
  expect((await overRest(forgeToken(forger))).status).toBe(200);
  using socket = await connectTestSocket(gateway.url, forgeToken(forger));
  expect(socket.socket.connected).toBe(true);
});

const mutants = generateTokenMutants(count, seed);

test(`B01-B11 there are ${count} of them, of each threat at least a hundred, and hardly two alike`, () => {
  const byId = Map.groupBy(mutants, ({ id }) => id);
  expect([...byId.keys()].toSorted()).toEqual(
    Array.from({ length: 11 }, (_, n) => `B${String(n + 1).padStart(2, "0")}`),
  );
  for (const [id, some] of byId) expect(some.length, id).toBeGreaterThanOrEqual(100);
  expect(new Set(mutants.map(({ make }) => make(forger))).size).toBeGreaterThan(count * 0.8);
});

test(`B01-B11 ${count} tokens with one thing wrong, seed ${seed}: each is refused by REST, one in ${socketEvery} also by the handshake`, async () => {
  for (const [index, { id, make }] of mutants.entries()) {
    const token = make(forger);
    const answer = await overRest(token);
    expect(answer.status, `${id} ${token}`).toBe(401);
    expectRefusal(answer, "unauthorized");
    if (index % socketEvery === 0) {
      expect(await refusedSocket(gateway.url, token), `${id} ${token}`).toMatchObject({ code: "unauthorized" });
    }
  }
  expect(loggedFailures(gateway)).toEqual([]);
}, 120_000);
