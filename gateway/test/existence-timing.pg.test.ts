import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { mannWhitney } from "../../scripts/testing/mann-whitney.ts";
import { seedRoom } from "../../scripts/testing/seed-room.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

/*
 * Can somebody tell a room that exists from one that does not by how long the refusal takes? Both are looked for in the
 * same statement, which finds no row either way.
 *
 * The two kinds are asked for in turn, so that whatever else the machine does falls on both. p falls below 0.01 in one
 * of a hundred rounds even if there is no difference; a real one shows in every round, so only three in a row count.
 * The last test proves that the measurement sees a difference that is there.
 */
const samples = 300;
const rounds = 3;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Times two kinds of calls in turn; answers the p value of their difference. */
const compare = async (first: () => Promise<unknown>, second: () => Promise<unknown>): Promise<number> => {
  const times: [number[], number[]] = [[], []];
  const time = async (into: number[], act: () => Promise<unknown>): Promise<void> => {
    const from = performance.now();
    await act();
    into.push(performance.now() - from);
  };
  for (let n = 0; n < samples; n++) {
    // Who goes first changes, so that neither always follows the other.
    const order = n % 2 ? ([0, 1] as const) : ([1, 0] as const);
    for (const kind of order) await time(times[kind], kind ? second : first);
  }
  return mannWhitney(times[0], times[1]);
};

/** The largest p value of up to three rounds; the first one above 0.01 ends it. */
const largestP = async (first: () => Promise<unknown>, second: () => Promise<unknown>): Promise<number> => {
  const found: number[] = [];
  while (found.length < rounds && (found.at(-1) ?? 0) <= 0.01) found.push(await compare(first, second));
  return Math.max(...found);
};

test("I05 a room of somebody else takes as long to refuse as one that nobody has, in the tenant and across tenants", async () => {
  const outsider = await createTestUser(gateway, gateway.a);
  const room = await seedRoom(gateway.a.api, { people: ["ann", "bo"], externalId: "timing" });
  for (const client of [outsider.client, gateway.b.api]) {
    const existing = async () => expect((await client.get(`/chat/rooms/${room.roomId}`)).status).toBe(404);
    const random = async () => expect((await client.get(`/chat/rooms/${randomUUID()}`)).status).toBe(404);
    expect(await largestP(existing, random)).toBeGreaterThan(0.01);
  }
});

test("I05 the measurement sees a room that is read", async () => {
  const member = await createTestUser(gateway, gateway.a);
  const people = Array.from({ length: 200 }, (_, n) => ({ id: `person-${n}` }));
  const { id } = await createTestRoom(gateway.a, [member, ...people]);
  const own = () => member.client.get(`/chat/rooms/${id}`);
  const random = () => member.client.get(`/chat/rooms/${randomUUID()}`);
  expect(await largestP(own, random)).toBeLessThan(0.01);
});
