import { once } from "node:events";
import { limits } from "@sendsar/protocol/limits";
import { io } from "socket.io-client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestSocket } from "../../scripts/testing/client.ts";
import { connectTestSocket, refusedSocket } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { closeFrame, openRawFrames } from "../../scripts/testing/raw-frames.ts";
import { rawRequest } from "../../scripts/testing/raw-request.ts";
import { connectRawSocket } from "../../scripts/testing/raw-socket.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Threats to sockets below the events: whose connection it is, how many there are, and what goes over them.

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(one), ...loggedFailures(two)]).toEqual([]);
});

const createPlace = async () => {
  const [user, peer] = [await createTestUser(one, one.a), await createTestUser(one, one.a)];
  const { id: roomId } = await createTestRoom(one.a, [user, peer]);
  return { user, peer, roomId: roomId as string };
};

/** Requires that a socket is served as if nothing had happened. */
const expectServed = async (socket: TestSocket, user: TestUser, roomId: string): Promise<void> => {
  const { body } = await user.send(roomId, "still there?");
  await socket.next("new-message", ({ id }) => id === body.id);
};

const polling = "/socket.io/?EIO=4&transport=polling";

/** The engine's id of a connection. */
const engineIdOf = ({ socket }: TestSocket): string => (socket.io.engine as unknown as { readonly id: string }).id;

/** What comes of a WebSocket that says it goes on with the connection of this id. */
const upgradeOf = async (url: string, id: string): Promise<string> => {
  const opened = await openRawFrames(url, `&sid=${id}`).catch((error: Error) => error);
  if (opened instanceof Error) return `refused: ${opened.message}`;
  await opened.closed;
  return opened.received.every((bytes) => bytes[0] === closeFrame) ? "closed unheard" : "heard";
};

test("C10 presence is of one tenant: the same user id in the other is never told nor counted", async () => {
  const here = await createTestUser(one, one.a);
  const there = await createTestUser(one, one.b, here.id);
  const watcher = await createTestUser(one, one.b);
  using watching = await connectTestSocket(two.url, watcher.token);
  using _here = await connectTestSocket(two.url, here.token);
  using _again = await here.connect();
  using snapshot = await connectTestSocket(two.url, watcher.token);
  const { onlineUserIds } = await snapshot.next("tenant-presence-snapshot");
  expect(onlineUserIds).not.toContain(here.id);
  using _there = await there.connect();
  await watching.next("tenant-presence", ({ userId, online }) => userId === there.id && online);
  expect(watching.of("tenant-presence").filter(({ userId }) => userId === here.id)).toHaveLength(1);
});

describe("whose connection it is", () => {
  test("B18 no event changes who a socket is: another's token is an unknown event, and the socket stays its user's", async () => {
    const { user, peer, roomId } = await createPlace();
    const b1 = await createTestUser(one, one.b, user.id);
    using socket = await user.connect();
    const names = ["auth", "authenticate", "login", "token", "connect_error", "reauth"].filter(
      (n) => n !== "connect_error",
    );
    for (const [index, name] of names.entries()) {
      for (const token of [peer.token, b1.token]) socket.socket.emit(name, { token });
      await vi.waitFor(() => expect(socket.of("error")).toHaveLength((index + 1) * 2), 5000);
    }
    expect(new Set(socket.of("error").map(({ code }) => code))).toEqual(new Set(["not_found"]));
    socket.socket.emit("typing", { roomId, userId: peer.id, isTyping: true });
    await socket.next("error", ({ code }) => code === "cannot_act_as_other_user");
    await expectServed(socket, peer, roomId);
  });

  test("B18 a second CONNECT with another's token is not served, on the wire", async () => {
    const { user, peer, roomId } = await createPlace();
    using raw = await connectRawSocket(one.url, user.token);
    raw.send(`40${JSON.stringify({ token: peer.token })}`);
    raw.send(`42["typing",{"roomId":"${roomId}","userId":"${peer.id}","isTyping":true}]`);
    const refused = raw.next((packet) => packet.includes("cannot_act_as_other_user"));
    await Promise.race([refused, raw.closed]);
    refused.catch(() => undefined);
    expect(raw.received.filter((packet) => packet.startsWith("40"))).toHaveLength(1);
  });

  test("C26 a client that says it is somebody else than its token is refused; itself it may say", async () => {
    const { user, peer } = await createPlace();
    const connect = async (userId: unknown): Promise<string> => {
      const socket = io(two.url, {
        auth: { token: user.token, userId },
        transports: ["websocket"],
        forceNew: true,
        reconnection: false,
      });
      try {
        return await Promise.race([
          once(socket as never, "connect").then(() => "connected"),
          once(socket as never, "connect_error").then(([error]) => (error as { data: { code: string } }).data.code),
        ]);
      } finally {
        socket.disconnect();
      }
    };
    expect(await connect(user.id)).toBe("connected");
    for (const userId of [peer.id, "", user.id.toUpperCase(), 7, {}, [user.id], null]) {
      expect([userId, await connect(userId)]).toEqual([userId, "cannot_act_as_other_user"]);
    }
  });

  test("C13 C14 a connection's id over another transport, at the other gateway, or made up: refused without data", async () => {
    const { user, peer, roomId } = await createPlace();
    using socket = await user.connect();
    await user.send(roomId, "not for others");
    const ids = [engineIdOf(socket), "made-up", "__proto__", "x".repeat(2000)];
    for (const { url } of [one, two]) {
      for (const id of ids) {
        for (const method of ["GET", "POST"]) {
          const answer = await rawRequest(url, {
            method,
            path: `${polling}&sid=${id}`,
            ...(method === "POST" && { body: "2" }),
          });
          expect(answer.status).toBe(400);
          expect(answer.text).not.toContain("not for others");
        }
        expect(await upgradeOf(url, id)).toMatch(/^refused|^closed unheard/);
      }
    }
    await expectServed(socket, peer, roomId);
  });

  test("C13 the id of a connection is a secret of 15 random bytes", async () => {
    const { user } = await createPlace();
    const ids = new Set<string>();
    for (let n = 0; n < 5; n++) {
      using socket = await user.connect();
      ids.add(engineIdOf(socket));
    }
    expect(ids.size).toBe(5);
    for (const id of ids) expect(Buffer.from(id, "base64url").length).toBe(15);
  });
});

describe("how much goes over a connection", () => {
  test("C15 500 polling POSTs of invalid binary are all answered, and leave no connection behind", async () => {
    const { user, peer, roomId } = await createPlace();
    using socket = await user.connect();
    const before = openConnections();
    const statuses = await Promise.all(
      Array.from({ length: 500 }, async () => {
        const opened = await rawRequest(one.url, { path: polling });
        const { sid } = JSON.parse(opened.text.slice(1)) as { readonly sid: string };
        const answer = await rawRequest(one.url, {
          method: "POST",
          path: `${polling}&sid=${sid}`,
          headers: [["content-type", "application/octet-stream"]],
          body: "\u0000\u0001\u00ff",
        });
        return answer.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([400]));
    await vi.waitFor(() => expect(openConnections()).toBeLessThanOrEqual(before), 15_000);
    await expectServed(socket, peer, roomId);
  });

  test("C19 a socket that sends without end is refused beyond its limit and then cut; another one is served meanwhile", async () => {
    const { user, peer, roomId } = await createPlace();
    using noisy = await user.connect();
    using quiet = await peer.connect();
    const cut = new Promise<void>((resolve) => noisy.socket.once("disconnect", () => resolve()));
    for (let n = 0; n < limits.socketEventsPerSecondMax * 3; n++) noisy.socket.emit("leave-room", roomId);
    await noisy.next("error", ({ code }) => code === "rate_limited");
    await expectServed(quiet, user, roomId);
    expect(noisy.socket.connected).toBe(true);
    for (let n = 0; n < limits.socketEventsPerSecondMax * 30; n++) noisy.socket.emit("leave-room", roomId);
    await cut;
    expect(noisy.of("left-room").length).toBeLessThan(limits.socketEventsPerSecondMax * 10);
    await expectServed(quiet, user, roomId);
  });

  test("C20 a frame, or a message in a thousand frames, beyond the limit closes its connection and no other", async () => {
    const { user, peer, roomId } = await createPlace();
    using socket = await user.connect();
    const limit = limits.socketFrameBytesMax;
    using whole = await openRawFrames(one.url);
    whole.send(1, `4${"x".repeat(limit)}`);
    await whole.closed;
    using pieces = await openRawFrames(one.url);
    pieces.send(1, "4", false);
    for (let n = 0; n < 1000; n++) pieces.send(0, "x".repeat(Math.ceil(limit / 1000) + 1), false);
    await pieces.closed;
    await expectServed(socket, peer, roomId);
  });

  test("C22 a user has so many sockets and no more; others still connect", async () => {
    const { user, peer } = await createPlace();
    const sockets = await Promise.all(Array.from({ length: limits.socketsPerUserMax }, () => user.connect()));
    expect(await refusedSocket(one.url, user.token)).toEqual({ message: "Too many requests", code: "rate_limited" });
    using other = await peer.connect();
    expect(other.socket.connected).toBe(true);
    sockets[0]?.socket.disconnect();
    await vi.waitFor(async () => (await connectTestSocket(one.url, user.token))[Symbol.dispose](), 5000);
    for (const { socket } of sockets) socket.disconnect();
  });
});

/** TCP connections that are open in this process, in which the gateways are. */
const openConnections = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
