import { limits } from "@sendsar/protocol/limits";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { AnotherGateway } from "../../scripts/testing/another-gateway.ts";
import { startAnotherGateway } from "../../scripts/testing/another-gateway.ts";
import { connectTestSocket, createTestClient, createUserClient, refusedSocket } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";

// Gateways of one database whose clocks differ (threat B15). What a fleet's clocks may differ by is the leeway; beyond
// it a token is refused rather than trusted for longer than it was meant.

let gateway: TestGateway;
let stack: AsyncDisposableStack;
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  gateway = stack.use(await startTestGateway());
  await gateway.a.api.post("/users", { id: "ann", username: "Ann" });
});
afterAll(() => stack.disposeAsync());

/** A gateway whose clock is this far ahead, or behind when negative. */
const startSkewed = async (seconds: number): Promise<AnotherGateway> =>
  stack.use(await startAnotherGateway(gateway, {}, { now: () => new Date(Date.now() + seconds * 1000) }));

/** Mints at the first and shows at the second, over REST and over a socket. */
const mintAndShow = async (from: { readonly url: string }, at: { readonly url: string }): Promise<[number, string]> => {
  const token = await mintToken(createTestClient(from.url, { "x-api-key": gateway.a.apiKey }), "ann");
  const { status } = await createUserClient(at.url, token).get("/chat/rooms");
  if (status !== 200) return [status, (await refusedSocket(at.url, token)).code ?? ""];
  using socket = await connectTestSocket(at.url, token);
  return [status, socket.socket.connected ? "connected" : ""];
};

describe("B15 clocks that differ", () => {
  test("B15 by less than the leeway, either way: tokens of each are good on the other", async () => {
    const near = limits.sessionLeewaySeconds - 10;
    for (const seconds of [near, -near]) {
      const skewed = await startSkewed(seconds);
      expect(await mintAndShow(skewed, gateway)).toEqual([200, "connected"]);
      expect(await mintAndShow(gateway, skewed)).toEqual([200, "connected"]);
    }
  });

  test("B15 by two minutes: a token from the future is refused, by REST and by the handshake; one from the past is not", async () => {
    const [ahead, behind] = [await startSkewed(120), await startSkewed(-120)];
    expect(await mintAndShow(ahead, gateway)).toEqual([401, "unauthorized"]);
    expect(await mintAndShow(gateway, behind)).toEqual([401, "unauthorized"]);
    expect(await mintAndShow(gateway, ahead)).toEqual([200, "connected"]);
    expect(await mintAndShow(behind, gateway)).toEqual([200, "connected"]);
  });

  test("B15 a token is over at its end and the leeway, by the clock of who looks", async () => {
    const { sessionSecondsMin, sessionLeewaySeconds } = limits;
    const minted = await gateway.a.api.post("/auth/token", { userId: "ann", expiresIn: sessionSecondsMin });
    const statusAt = async (seconds: number): Promise<number> => {
      const skewed = await startSkewed(seconds);
      return (await createUserClient(skewed.url, minted.body.token).get("/chat/rooms")).status;
    };
    expect(await statusAt(sessionSecondsMin + sessionLeewaySeconds - 15)).toBe(200);
    expect(await statusAt(sessionSecondsMin + sessionLeewaySeconds + 15)).toBe(401);
  });

  test("B15 an API key that was rotated works for its overlap by the database's clock, on gateways an hour ahead and behind", async () => {
    const { apiKey: old } = await gateway.provisioner.rotateKey("b");
    const { apiKey: fresh } = await gateway.provisioner.rotateKey("b", 2);
    const gateways = [await startSkewed(3600), await startSkewed(-3600)];
    const statusesOf = (apiKey: string) =>
      Promise.all(
        gateways.map(
          async ({ url }) => (await createTestClient(url, { "x-api-key": apiKey }).get("/chat/rooms")).status,
        ),
      );
    const { apiKey: last } = await gateway.provisioner.rotateKey("b", 60);
    expect(await statusesOf(fresh)).toEqual([200, 200]);
    await vi.waitFor(async () => expect(await statusesOf(old)).toEqual([401, 401]), 7000);
    for (const apiKey of [fresh, last]) expect(await statusesOf(apiKey)).toEqual([200, 200]);
  });
});
