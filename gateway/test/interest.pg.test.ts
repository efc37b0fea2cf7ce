import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { connectTestSocket, createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway({ config: { adminPort: 0 } });
  two = await one.startPeer();
  // Until then they are in doubt, and tell everything.
  const room = await createRoom("ann");
  await vi.waitFor(async () => expect(await isTold(room)).toBe(false), quiet);
}, 30_000);
afterAll(() => one[Symbol.asyncDispose]());

/** Longer than gateways are in doubt, and than a change of members is told of to all. */
const quiet = { timeout: 20_000, interval: 200 };

const createRoom = async (...people: string[]): Promise<string> =>
  (await one.a.api.post("/chat/rooms", { name: "R", participants: people.map((id) => ({ id })) })).body.id;
let sent = 0;
const send = async (roomId: string): Promise<string> => {
  const text = `words ${++sent}.`;
  const { status } = await one.a.api.post(`/chat/rooms/${roomId}/messages`, {
    senderId: "ann",
    parts: [{ type: "text", text }],
  });
  expect(status).toBe(201);
  return text;
};
/** How many events the first gateway told of so far. */
const countTold = async (): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${one.gateway.adminPort}/metrics`)).text();
  return Number(/^chat_gateway_log_events_total\{told="yes"\} (\d+)$/m.exec(text)?.[1]);
};
/** Sends a message at the first gateway; were the others told of it? */
const isTold = async (roomId: string): Promise<boolean> => {
  const before = await countTold();
  await send(roomId);
  return (await countTold()) > before;
};

test("a room that nobody is connected to elsewhere is not told of; one that somebody is in is, and until they have gone", async () => {
  const room = await createRoom("ann", "bo");
  await vi.waitFor(async () => expect(await isTold(room)).toBe(false), quiet);
  {
    using bo = await connectTestSocket(two.url, await mintToken(one.a.api, "bo"));
    await vi.waitFor(async () => expect(await isTold(room)).toBe(true), 5000);
    const text = await send(room);
    await bo.next("new-message", ({ parts }) => parts[0].text === text);
  }
  await vi.waitFor(async () => expect(await isTold(room)).toBe(false), 5000);
});

test("the first words in a new room reach a member who is connected elsewhere and was in no room", async () => {
  await one.a.api.post("/users", { id: "cy", username: "cy" });
  using cy = await connectTestSocket(two.url, await mintToken(one.a.api, "cy"));
  const room = await createRoom("ann", "cy");
  const before = await countTold();
  const text = await send(room);
  expect(await countTold()).toBe(before + 1);
  await cy.next("new-message", ({ parts }) => parts[0].text === text);
});

test("whoever connects while others write misses nothing from its first look on", async () => {
  const rooms = await Promise.all(Array.from({ length: 8 }, (_, n) => createRoom("ann", `guest-${n}`)));
  const tokens = await Promise.all(rooms.map((_, n) => mintToken(one.a.api, `guest-${n}`)));
  for (const room of rooms) await vi.waitFor(async () => expect(await isTold(room)).toBe(false), quiet);
  let writing = true;
  const write = async (room: string): Promise<void> => {
    while (writing) await send(room);
  };
  const writers = rooms.map(write);
  const visit = async (room: string, token: string): Promise<void> => {
    for (let times = 0; times < 10; times++) {
      using guest = await connectTestSocket(two.url, token);
      const page = await createUserClient(two.url, token).get(`/chat/rooms/${room}/messages?limit=1`);
      const from: number = page.body.messages[0].seq;
      await guest.next("new-message", ({ seq }) => seq > from + 3);
      const seqs = guest.of("new-message").map(({ seq }) => seq as number);
      expect(seqs).toEqual(seqs.map((_, n) => (seqs[0] ?? 0) + n));
      expect(seqs[0]).toBeLessThanOrEqual(from + 1);
    }
  };
  const visits = await Promise.allSettled(rooms.map((room, n) => visit(room, tokens[n] ?? "")));
  const guests = await Promise.all(tokens.map((token) => connectTestSocket(two.url, token)));
  writing = false;
  await Promise.all(writers);
  expect(visits.filter(({ status }) => status === "rejected")).toEqual([]);
  await vi.waitFor(async () => {
    for (const [n, room] of rooms.entries()) {
      const page = await createUserClient(two.url, tokens[n] ?? "").get(`/chat/rooms/${room}/messages?limit=1`);
      expect(guests[n]?.of("new-message").at(-1)?.seq).toBe(page.body.messages[0].seq);
    }
  }, 5000);
  for (const guest of guests) guest[Symbol.dispose]();
}, 60_000);
