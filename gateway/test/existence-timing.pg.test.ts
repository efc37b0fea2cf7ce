import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { mannWhitney } from "../../scripts/testing/mann-whitney.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

/*
 * Can somebody tell a room that exists from one that does not by how long the refusal takes? Both are looked for in the
 * same statement, which finds no row either way.
 *
 * The two kinds are asked for in turn, so that whatever else the machine does falls on both. p falls below 0.01 in one
 * of a hundred rounds even if there is no difference; a real one shows in every round, so only four in a row count.
 * The last test proves that the measurement sees a difference that is there.
 */
const samples = 200;
const rounds = 4;

let gateway: TestGateway;
let rooms: Awaited<ReturnType<typeof createRooms>>;
beforeAll(async () => {
  gateway = await startTestGateway();
  rooms = await createRooms();
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

/** The largest p value of up to four rounds; the first one above 0.01 ends it. */
const largestP = async (first: () => Promise<unknown>, second: () => Promise<unknown>): Promise<number> => {
  const found: number[] = [];
  while (found.length < rounds && (found.at(-1) ?? 0) <= 0.01) found.push(await compare(first, second));
  return Math.max(...found);
};

/** Large rooms, so that reading anything of one for a refusal would show. */
const createRooms = async (): Promise<readonly { readonly roomId: string; readonly messageId: string }[]> => {
  const people = Array.from({ length: 300 }, (_, n) => ({ id: `member-${n}` }));
  return await Promise.all(
    Array.from({ length: 5 }, async (_, n) => {
      const { id: roomId } = await createTestRoom(gateway.a, people, { externalId: `timing ${n}` });
      const send = (text: string) =>
        gateway.a.api.post(`/chat/rooms/${roomId}/messages`, { senderId: "member-0", parts: [{ type: "text", text }] });
      const sent = await Promise.all(Array.from({ length: 50 }, (_, index) => send(`message ${index}`)));
      return { roomId, messageId: sent[0]?.body.id };
    }),
  );
};

describe("I05 what somebody else has takes as long to refuse as what nobody has, in the tenant and across tenants", () => {
  const paths: Readonly<Record<string, (roomId: string, messageId: string) => string>> = {
    "a room": (roomId) => `/chat/rooms/${roomId}`,
    "its messages": (roomId) => `/chat/rooms/${roomId}/messages?limit=100`,
    "one of them": (roomId, messageId) => `/chat/rooms/${roomId}/messages/${messageId}`,
    "its pins": (roomId) => `/chat/rooms/${roomId}/pinned-messages`,
  };
  test.each(Object.entries(paths))("I05 %s", { timeout: 60_000 }, async (_what, toPath) => {
    const outsider = await createTestUser(gateway, gateway.a);
    // As many of those that nobody has, so that neither kind is asked for more often than the other.
    const random = rooms.map(() => ({ roomId: randomUUID(), messageId: randomUUID() }));
    for (const client of [outsider.client, gateway.b.api]) {
      const askInTurn = (ids: typeof rooms) => {
        const asked = ids.map(({ roomId, messageId }) => toPath(roomId, messageId));
        let n = 0;
        return async () => expect((await client.get(asked[n++ % asked.length] as string)).status).toBe(404);
      };
      expect(await largestP(askInTurn(rooms), askInTurn(random))).toBeGreaterThan(0.01);
    }
  });
});

test("I05 the measurement sees a room that is read", async () => {
  const member = await createTestUser(gateway, gateway.a);
  const people = Array.from({ length: 200 }, (_, n) => ({ id: `person-${n}` }));
  const { id } = await createTestRoom(gateway.a, [member, ...people]);
  const own = () => member.client.get(`/chat/rooms/${id}`);
  const random = () => member.client.get(`/chat/rooms/${randomUUID()}`);
  expect(await compare(own, random)).toBeLessThan(0.01);
});
