import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestSocket, Wire } from "../../scripts/testing/client.ts";
import { openTestSocket } from "../../scripts/testing/client.ts";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { holdLock } from "../../scripts/testing/hold-lock.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { PostgresTap } from "../../scripts/testing/postgres-tap.ts";
import { tapPostgres } from "../../scripts/testing/postgres-tap.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §5: sockets, all but presence.

let database: TestDatabase;
let tap: PostgresTap;
let gateway: TestGateway;
beforeAll(async () => {
  database = await createTestDatabase();
  tap = await tapPostgres(database.gatewayUrl);
  gateway = await startTestGateway({ database: { ...database, gatewayUrl: tap.url } });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await tap[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const createUser = (): Promise<TestUser> => createTestUser(gateway, gateway.a);
const createPlace = async () => {
  const [user, peer] = [await createUser(), await createUser()];
  const { id: roomId } = await createTestRoom(gateway.a, [user, peer]);
  return { user, peer, roomId: roomId as string };
};

/** Sends a message and waits until each socket has it: what was sent to them before is there as well. */
const catchUp = async (user: TestUser, roomId: string, ...sockets: readonly TestSocket[]): Promise<Wire> => {
  const { body } = await user.send(roomId, "the last thing");
  for (const socket of sockets) await socket.next("new-message", ({ id }) => id === body.id);
  return body;
};

describe("CB 5.1 delivery", () => {
  test("CB 5.1 a member who never joined the room gets its messages, and the sender's own sockets do too", async () => {
    const { user, peer, roomId } = await createPlace();
    using sending = await user.connect();
    using tablet = await user.connect();
    using receiving = await peer.connect();
    const sent = await user.send(roomId, "hello");
    for (const socket of [sending, tablet, receiving]) {
      expect(await socket.next("new-message")).toEqual(sent.body);
    }
    receiving.socket.emit("join-room", { roomId, userId: peer.id });
    await receiving.next("joined-room");
    await catchUp(user, roomId, sending, tablet, receiving);
    // Once each, also for who has joined.
    for (const socket of [sending, tablet, receiving]) expect(socket.of("new-message")).toHaveLength(2);
  });

  test("CB 5.1 after a reconnect that sends no join-room, messages arrive and a snapshot was sent again", async () => {
    const { user, peer, roomId } = await createPlace();
    using socket = await user.connect();
    socket.socket.emit("join-room", { roomId, userId: user.id });
    await socket.next("joined-room");
    const dropped = new Promise((resolve) => socket.socket.once("disconnect", resolve));
    socket.socket.io.engine.close();
    await dropped;
    const missed = await peer.send(roomId, "while away");
    socket.socket.connect();
    await socket.next("tenant-presence-snapshot", () => socket.of("tenant-presence-snapshot").length === 2);
    const sent = await catchUp(peer, roomId, socket);
    expect(socket.of("new-message")).toEqual([sent]);
    const { messages } = (await user.client.get(`/chat/rooms/${roomId}/messages`)).body;
    expect(messages).toEqual([sent, missed.body]);
  });

  test("CB 5.1 a client hears that it is connected when its rooms are in place, and not before", async () => {
    const { user, peer, roomId } = await createPlace();
    await using lock = await holdLock(
      gateway.database.adminUrl,
      "lock table sendsar.participants in access exclusive mode",
    );
    using socket = openTestSocket(gateway.url, user.token);
    const connected = new Promise<void>((resolve) => socket.socket.once("connect", resolve));
    await lock.waitedForBy(1);
    expect(socket.socket.connected).toBe(false);
    await lock.release();
    await connected;
    await catchUp(peer, roomId, socket);
  });

  test("CB 5.1 a room that is made while a socket connects, after its rooms were looked up, reaches it", async () => {
    const [user, peer] = [await createUser(), await createUser()];
    const lookedUp = tap.holdAnswer((text) => text.includes("from participants p") && text.includes("limit $3"));
    const opened = user.connect();
    const answer = await lookedUp;
    const { id: roomId } = await createTestRoom(gateway.a, [user, peer]);
    answer.release();
    using socket = await opened;
    await catchUp(peer, roomId, socket);
  });

  test("CB 5.1 messages of a room arrive in the order of seq", async () => {
    const { user, peer, roomId } = await createPlace();
    using socket = await peer.connect();
    await Promise.all(Array.from({ length: 100 }, (_, n) => user.send(roomId, `m${n}`)));
    await catchUp(user, roomId, socket);
    const seqs = socket.of("new-message").map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(seqs).toHaveLength(101);
  });
});

describe("CB 5.2 rooms", () => {
  test("CB 5.2 a new room announces itself to its members, and its events reach them at once", async () => {
    const [user, peer, stranger] = [await createUser(), await createUser(), await createUser()];
    using a = await user.connect();
    using b = await peer.connect();
    using c = await stranger.connect();
    const { id: roomId } = await createTestRoom(gateway.a, [user, peer]);
    for (const [socket, target] of [
      [a, user],
      [b, peer],
    ] as const) {
      const changed = await socket.next("room-participants-changed");
      const told = { roomId, action: "joined", actorUserId: user.id, targetUserId: target.id };
      expect(changed).toEqual({ ...told, seq: 1 });
    }
    await catchUp(user, roomId, a, b);
    const { id: theirs } = await createTestRoom(gateway.a, [stranger]);
    await catchUp(stranger, theirs, c);
    expect(JSON.stringify(c.received)).not.toContain(roomId);
  });

  test("CB 5.2 join-room answers joined-room and a snapshot, and tells those who have the room open", async () => {
    const { user, peer, roomId } = await createPlace();
    using a = await user.connect();
    using b = await peer.connect();
    a.socket.emit("join-room", { roomId, userId: user.id });
    expect(await a.next("joined-room")).toEqual({ roomId });
    expect(await a.next("presence-snapshot")).toEqual({ roomId, onlineUserIds: [user.id] });
    b.socket.emit("join-room", { roomId: roomId.toUpperCase() });
    expect(await b.next("joined-room")).toEqual({ roomId });
    expect((await b.next("presence-snapshot")).onlineUserIds.toSorted()).toEqual([user.id, peer.id].toSorted());
    expect(await a.next("presence")).toEqual({ roomId, userId: peer.id, online: true });
    b.socket.disconnect();
    await a.next("presence", ({ userId, online }) => userId === peer.id && !online);
  });

  test("CB 5.2 leave-room takes a bare string too; the room hears of it with the user's last socket there", async () => {
    const { user, peer, roomId } = await createPlace();
    using a = await user.connect();
    using phone = await peer.connect();
    using tablet = await peer.connect();
    for (const socket of [a, phone, tablet]) {
      socket.socket.emit("join-room", { roomId });
      await socket.next("joined-room");
    }
    phone.socket.emit("leave-room", roomId);
    expect(await phone.next("left-room")).toEqual({ roomId });
    await catchUp(user, roomId, a);
    expect(a.of("presence").filter(({ online }) => !online)).toEqual([]);
    tablet.socket.emit("leave-room", { roomId, userId: peer.id });
    expect(await tablet.next("left-room")).toEqual({ roomId });
    expect(await a.next("presence", ({ online }) => !online)).toEqual({ roomId, userId: peer.id, online: false });
    // Not having it open does not mean not being in it.
    await catchUp(user, roomId, phone, tablet);
  });

  test("CB 5.2 an event in another user's name is refused", async () => {
    const { user, peer, roomId } = await createPlace();
    using a = await user.connect();
    using b = await peer.connect();
    for (const [event, more] of [
      ["join-room", {}],
      ["leave-room", {}],
      ["typing", { isTyping: true }],
    ] as const) {
      const before = a.of("error").length;
      a.socket.emit(event, { roomId, userId: peer.id, ...more });
      await a.next("error", () => a.of("error").length > before);
      expect(a.of("error").at(-1)).toMatchObject({
        message: "Cannot act as another user",
        code: "cannot_act_as_other_user",
      });
    }
    await catchUp(user, roomId, a, b);
    expect([...a.of("joined-room"), ...a.of("left-room"), ...b.of("typing")]).toEqual([]);
  });
});

describe("CB 5.4 typing", () => {
  /** A user with two devices types on its phone, and the other one has heard of it. */
  const startTyping = async () => {
    const { user, peer, roomId } = await createPlace();
    const sockets = new DisposableStack();
    const connect = async (who: TestUser) => sockets.use(await who.connect());
    const [phone, tablet, other] = [await connect(user), await connect(user), await connect(peer)];
    const typing = (isTyping: boolean) => ({ roomId, userId: user.id, isTyping });
    phone.socket.emit("typing", typing(true));
    await other.next("typing", ({ isTyping }) => isTyping);
    return { user, peer, roomId, phone, tablet, other, typing, [Symbol.dispose]: () => sockets.dispose() };
  };
  /** Takes back whatever a socket may still be said to type. */
  const leave = async (socket: TestSocket, roomId: string): Promise<void> => {
    const before = socket.of("left-room").length;
    socket.socket.emit("leave-room", { roomId });
    await socket.next("left-room", () => socket.of("left-room").length > before);
  };

  test("CB 5.4 typing reaches the other participants without join-room, and never a device of the typer", async () => {
    using scene = await startTyping();
    const { phone, tablet, other, typing, peer, roomId } = scene;
    phone.socket.emit("typing", typing(false));
    await other.next("typing", ({ isTyping }) => !isTyping);
    await catchUp(peer, roomId, phone, tablet, other);
    expect(other.of("typing")).toEqual([typing(true), typing(false)]);
    expect([...phone.of("typing"), ...tablet.of("typing")]).toEqual([]);
  });

  test("CB 5.4 it is taken back when the socket goes, once", async () => {
    using scene = await startTyping();
    scene.phone.socket.disconnect();
    await scene.other.next("typing", ({ isTyping }) => !isTyping);
    await catchUp(scene.peer, scene.roomId, scene.other);
    expect(scene.other.of("typing")).toEqual([scene.typing(true), scene.typing(false)]);
  });

  test("CB 5.4 it is taken back when the typer leaves the room, once", async () => {
    using scene = await startTyping();
    await leave(scene.phone, scene.roomId);
    await leave(scene.phone, scene.roomId);
    await catchUp(scene.peer, scene.roomId, scene.other);
    expect(scene.other.of("typing")).toEqual([scene.typing(true), scene.typing(false)]);
  });

  test("CB 5.4 it is taken back by the typer's message, before it, also if that was sent from elsewhere; and once", async () => {
    using scene = await startTyping();
    const sent = await scene.user.send(scene.roomId, "written at last");
    await scene.other.next("new-message");
    await leave(scene.phone, scene.roomId);
    await catchUp(scene.peer, scene.roomId, scene.other);
    const seen = scene.other.received.filter(({ event }) => event === "typing" || event === "new-message").slice(0, 3);
    expect(seen.map(({ payload }) => payload)).toEqual([scene.typing(true), scene.typing(false), sent.body]);
    expect(scene.other.of("typing")).toHaveLength(2);
  });

  test("CB 5.4 somebody else's message, or one in another room, takes nothing back", async () => {
    using scene = await startTyping();
    const { id: elsewhere } = await createTestRoom(gateway.a, [scene.user, scene.peer]);
    await scene.user.send(elsewhere, "in another room");
    await catchUp(scene.peer, scene.roomId, scene.other);
    expect(scene.other.of("typing")).toEqual([scene.typing(true)]);
  });
});
