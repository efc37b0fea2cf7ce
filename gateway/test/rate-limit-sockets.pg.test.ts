import { once } from "node:events";
import { rateLimits } from "@sendsar/protocol/rate-limits";
import { io } from "socket.io-client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { connectTestSocket } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Socket events over their limits (contract 13: `error {message}`).

let gateway: TestGateway;
let peer: TestPeer;
beforeAll(async () => {
  gateway = await startTestGateway({ config: { rateLimits: true } });
  peer = await gateway.startPeer();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const createPair = async () => {
  const [ann, bo] = [await createTestUser(gateway, gateway.a), await createTestUser(gateway, gateway.a)];
  const room = await createTestRoom(gateway.a, [ann, bo]);
  return { ann, bo, roomId: room.id as string };
};

test("I01 typing over its limit is refused with error, and what stops it never is", async () => {
  const { ann, bo, roomId } = await createPair();
  using typist = await ann.connect();
  using reader = await bo.connect();
  const { count } = rateLimits.typing.user;
  for (let n = 0; n < count * 2; n++) {
    typist.socket.emit("typing", { roomId, isTyping: true });
    typist.socket.emit("typing", { roomId, isTyping: false });
  }
  expect(await typist.next("error")).toEqual({
    message: "Too many requests",
    code: "rate_limited",
    event: "typing",
    roomId,
  });
  // The socket serves its events in order: when this is answered, all of those have been.
  typist.socket.emit("leave-room", { roomId });
  await typist.next("left-room");
  await vi.waitFor(() => expect(reader.of("typing").length).toBeGreaterThanOrEqual(count * 2), 5000);
  expect(reader.of("typing").at(-1)).toMatchObject({ isTyping: false });
  expect(typist.of("error").every(({ event }) => event === "typing")).toBe(true);
});

test("I01 join-room over its limit is refused with error; a user's sockets and gateways share the limit", async () => {
  const { ann, roomId } = await createPair();
  using first = await ann.connect();
  using second = await connectTestSocket(peer.url, ann.token);
  const { count } = rateLimits["join-room"].user;
  for (let n = 0; n < count; n++) first.socket.emit("join-room", { roomId });
  await vi.waitFor(() => expect(first.of("joined-room")).toHaveLength(count), 5000);
  first.socket.emit("join-room", { roomId });
  // The other gateway hears of it within a moment, and has no more to give than what is free again by then.
  await vi.waitFor(() => {
    second.socket.emit("join-room", { roomId });
    expect(second.of("error")).toContainEqual(
      expect.objectContaining({ code: "rate_limited", event: "join-room", roomId }),
    );
  }, 5000);
  expect(second.of("joined-room").length).toBeLessThan(count / 2);
});

test("contract 13: a client that comes back and joins fifty rooms at once may", async () => {
  const { ann, bo } = await createPair();
  const rooms = await Promise.all(Array.from({ length: 50 }, () => createTestRoom(gateway.a, [ann, bo])));
  using socket = await ann.connect();
  for (const { id } of rooms) socket.socket.emit("join-room", { roomId: id });
  await vi.waitFor(() => expect(socket.of("joined-room")).toHaveLength(50), 5000);
  expect(socket.of("error")).toEqual([]);
});

test("resume in a loop is refused with error, and leave-room is not counted", async () => {
  const { ann, roomId } = await createPair();
  using socket = await ann.connect();
  const { count } = rateLimits.resume.user;
  // No more than a socket may send in a second.
  for (let sent = 0; sent <= count; sent += 50) {
    const before = socket.of("resumed").length + socket.of("error").length;
    for (let n = 0; n < 50; n++) socket.socket.emit("resume", { rooms: { [roomId]: 0 } });
    await vi.waitFor(
      () => expect(socket.of("resumed").length + socket.of("error").length).toBeGreaterThanOrEqual(before + 50),
      5000,
    );
  }
  expect(socket.of("error").every(({ code }) => code === "rate_limited")).toBe(true);
  await vi.waitFor(() => expect(socket.of("error").some(({ event }) => event === "resume")).toBe(true), 5000);
});

/** Opens a socket as a client without any patience, and answers how it went. */
const knock = async (user: TestUser): Promise<string> => {
  const socket = io(gateway.url, {
    auth: { token: user.token },
    transports: ["websocket"],
    forceNew: true,
    reconnection: false,
  });
  try {
    return await Promise.race([
      once(socket as never, "connect").then(() => "connected"),
      once(socket as never, "connect_error").then(([error]) => `refused: ${(error as Error).message}`),
      once(socket.io as never, "close").then(() => "lost"),
    ]);
  } finally {
    socket.disconnect();
  }
};

test("a user who opens sockets too fast loses the connection, which clients come back from, and is told nothing final", async () => {
  const user = await createTestUser(gateway, gateway.a);
  const other = await createTestUser(gateway, gateway.a);
  const outcomes: string[] = [];
  const { count } = rateLimits.connect.user;
  for (let n = 0; n < count + 20; n += 20) {
    outcomes.push(...(await Promise.all(Array.from({ length: 20 }, () => knock(user)))));
  }
  expect(outcomes.filter((outcome) => outcome === "connected").length).toBeGreaterThanOrEqual(count);
  expect(new Set(outcomes)).toEqual(new Set(["connected", "lost"]));
  expect(await knock(other)).toBe("connected");
});

test("C23 a storm of reconnects of many users passes", { timeout: 60_000 }, async () => {
  const users = await Promise.all(Array.from({ length: 300 }, () => createTestUser(gateway, gateway.b)));
  const outcomes = await Promise.all(users.map(knock));
  expect(outcomes.filter((outcome) => outcome !== "connected")).toEqual([]);
});
