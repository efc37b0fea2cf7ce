import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import type { TestSocket } from "../../scripts/testing/client.ts";
import { refusedSocket } from "../../scripts/testing/client.ts";
import type { TestGateway, TestTenant } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { RawSocket } from "../../scripts/testing/raw-socket.ts";
import { openRawSocket } from "../../scripts/testing/raw-socket.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

let gateway: TestGateway;
/** Opened before everything else, so that waiting for its end takes no time of its own. */
let silent: RawSocket;
let silentSince: number;
beforeAll(async () => {
  gateway = await startTestGateway();
  silent = await openRawSocket(gateway.url);
  silentSince = performance.now();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

interface Place {
  readonly user: TestUser;
  readonly roomId: string;
}

/** A user in a room of its own. */
const createPlace = async (tenant: TestTenant): Promise<Place> => {
  const user = await createTestUser(gateway, tenant);
  const { id: roomId } = await createTestRoom(tenant, [user]);
  return { user, roomId };
};

/** Waits until a socket of this user got something that was sent after all that went before. */
const catchUp = async (socket: TestSocket, { user, roomId }: Place): Promise<void> => {
  const { body } = await user.send(roomId, "the last thing");
  await socket.next("new-message", (message) => message.id === body.id);
};

const sendMany = async (count: number, { user, roomId }: Place): Promise<void> => {
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => user.send(roomId, `secret ${index}`)));
  expect(answers.every(({ status }) => status === 201)).toBe(true);
};

/** What a socket has to do with a room: events about it, and refusals. */
const seenOf = (socket: TestSocket, roomId: string) =>
  socket.received.filter(({ event, payload }) => event !== "error" && JSON.stringify(payload ?? null).includes(roomId));

test("C01 a socket without a token, or with none that is one, enters no namespace", async () => {
  for (const token of [undefined, null, "", 7, {}, ["x"], true, "x.y.z", "Bearer x"]) {
    expect(await refusedSocket(gateway.url, token)).toEqual({
      message: "Missing, expired or invalid credential",
      code: "unauthorized",
    });
  }
});

test("C01 events sent before the namespace was entered are not served", async () => {
  using raw = await openRawSocket(gateway.url);
  const { roomId } = await createPlace(gateway.a);
  raw.send(`42["join-room",{"roomId":"${roomId}"}]`);
  await raw.closed;
  expect(raw.received.filter((packet) => packet.startsWith("4"))).toEqual([]);
});

describe("joining a room that is not one's own", () => {
  /** The refusals of two rooms must be the same, whatever they are. */
  const refusalOf = async (socket: TestSocket, roomId: unknown): Promise<unknown> => {
    const before = socket.of("error").length;
    socket.socket.emit("join-room", { roomId });
    await socket.next("error", () => socket.of("error").length > before);
    // But for the room's id, which is what was sent.
    const { roomId: _, ...error } = socket.of("error").at(-1);
    return error;
  };

  test("C03 another tenant's: the error of a random id, and 1,000 messages there that never arrive", async () => {
    const [mine, theirs] = [await createPlace(gateway.a), await createPlace(gateway.b)];
    using socket = await mine.user.connect();
    using witness = await theirs.user.connect();
    expect(await refusalOf(socket, theirs.roomId)).toEqual(await refusalOf(socket, randomUUID()));
    await sendMany(1000, theirs);
    await catchUp(witness, theirs);
    expect(witness.of("new-message")).toHaveLength(1001);
    await catchUp(socket, mine);
    expect(seenOf(socket, theirs.roomId)).toEqual([]);
  });

  test("C04 one of the own tenant that one is not in: the same, and nothing of it arrives", async () => {
    const [mine, theirs] = [await createPlace(gateway.a), await createPlace(gateway.a)];
    using socket = await mine.user.connect();
    using witness = await theirs.user.connect();
    expect(await refusalOf(socket, theirs.roomId)).toEqual(await refusalOf(socket, randomUUID()));
    await sendMany(100, theirs);
    witness.socket.emit("typing", { roomId: theirs.roomId, isTyping: true });
    witness.socket.emit("join-room", { roomId: theirs.roomId });
    await witness.next("presence-snapshot");
    await catchUp(witness, theirs);
    await catchUp(socket, mine);
    expect(seenOf(socket, theirs.roomId)).toEqual([]);
  });

  test("C05 the names of groups and sockets are no rooms: error, and nothing of others arrives", async () => {
    const [mine, victim] = [await createPlace(gateway.a), await createPlace(gateway.a)];
    using socket = await mine.user.connect();
    using theirs = await victim.user.connect();
    const { id } = victim.user;
    const groups = ["tenant", `user/${id}`, `room/${victim.roomId}`, `open/${victim.roomId}`];
    const names = [
      theirs.socket.id,
      `user:${id}`,
      "tenant:b",
      ...groups.flatMap((group) => [group, `a/${group}`, `/a/${group}`, `../a/${group}`, `b/${group}`]),
      "__proto__",
      "constructor",
      "*",
      "%",
      "",
      " ",
      "\u0000",
      `${victim.roomId}\u0000`,
      `{${victim.roomId}}`,
    ];
    const shapes: readonly unknown[] = [
      null,
      7,
      true,
      [],
      [victim.roomId],
      { roomId: victim.roomId },
      { toString: "x" },
    ];
    for (const roomId of [...names, ...shapes]) {
      const refusal = await refusalOf(socket, roomId);
      expect(refusal, JSON.stringify(roomId)).toMatchObject({
        code: expect.stringMatching(/^(room_not_found|invalid_request)$/),
      });
    }
    for (const payload of [undefined, null, [], 7, "x", victim.roomId]) {
      const before = socket.of("error").length;
      socket.socket.emit("join-room", payload);
      await socket.next("error", () => socket.of("error").length > before);
    }
    // Things that the other one's socket is sent alone, its user's sockets, its room and the sockets that have it open.
    theirs.socket.emit("join-room", { roomId: victim.roomId });
    await theirs.next("presence-snapshot");
    await createTestRoom(gateway.a, [victim.user]);
    await theirs.next("room-participants-changed");
    await catchUp(theirs, victim);
    await catchUp(socket, mine);
    expect(socket.of("joined-room")).toEqual([]);
    expect(seenOf(socket, victim.roomId)).toEqual([]);
    expect(socket.of("room-participants-changed")).toEqual([]);
  });

  test("C05 a megabyte of room id closes the socket that sends it and no other", async () => {
    const place = await createPlace(gateway.a);
    using socket = await place.user.connect();
    using other = await place.user.connect();
    const closed = new Promise((resolve) => socket.socket.once("disconnect", resolve));
    socket.socket.emit("join-room", { roomId: "x".repeat(1_048_576) });
    await closed;
    await catchUp(other, place);
  });
});

test("C08 messages cannot be sent over a socket: error, nothing stored, nothing told", async () => {
  const [mine, sameTenant, otherTenant] = [
    await createPlace(gateway.a),
    await createPlace(gateway.a),
    await createPlace(gateway.b),
  ];
  using socket = await mine.user.connect();
  using witness = await sameTenant.user.connect();
  using stranger = await otherTenant.user.connect();
  await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
    for (const { roomId } of [mine, sameTenant, otherTenant]) {
      for (const event of [
        "send",
        "message",
        "new-message",
        "message-updated",
        "send-message",
        "typing",
        "room-read",
      ]) {
        // In one's own room typing is allowed; everything else here never is.
        if (event === "typing" && roomId === mine.roomId) continue;
        const before = socket.of("error").length;
        const payload = { roomId, senderId: mine.user.id, parts: [{ type: "text", text: "forged" }], isTyping: true };
        socket.socket.emit(event, payload);
        await socket.next("error", () => socket.of("error").length > before);
      }
    }
  });
  await catchUp(witness, sameTenant);
  await catchUp(stranger, otherTenant);
  const forged = [...witness.received, ...stranger.received].filter(
    ({ event, payload }) => event === "typing" || JSON.stringify(payload).includes("forged"),
  );
  expect(forged).toEqual([]);
});

test("C11 there is one namespace", async () => {
  const { user } = await createPlace(gateway.a);
  for (const namespace of ["/admin", "/b", "/%00", "/a", "//", "/constructor", "/__proto__", "/.*"]) {
    const socket = io(`${gateway.url}${namespace}`, {
      auth: { token: user.token },
      forceNew: true,
      reconnection: false,
      transports: ["websocket"],
    });
    const refusal = await new Promise<Error | undefined>((resolve) => {
      socket.once("connect_error", resolve);
      socket.once("connect", () => resolve(undefined));
    });
    expect(refusal?.message, namespace).toBe("Invalid namespace");
    socket.disconnect();
  }
});

test(
  "C02 who opens a connection and never enters the namespace is cut off after ten seconds",
  { timeout: 20_000 },
  async () => {
    await silent.closed;
    const ms = performance.now() - silentSince;
    expect(ms).toBeGreaterThan(limits.socketConnectMsMax * 0.9);
    expect(ms).toBeLessThan(limits.socketConnectMsMax * 1.5);
    expect(silent.received.filter((packet) => packet.startsWith("4"))).toEqual([]);
  },
);
