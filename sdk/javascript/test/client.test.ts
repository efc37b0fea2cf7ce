import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { realDeps } from "../src/deps.ts";
import { type DownEvents, Sendsar } from "../src/sendsar.ts";
import { downEventNames } from "../src/wire.ts";
import { failureOf } from "./failure-of.ts";
import { settle } from "./test-clock.ts";
import { toMessage } from "./test-message.ts";
import { createTestRoom } from "./test-room.ts";
import { withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();

describe("connect", () => {
  test("presents token and user, knows who is online, and tells its states", async () => {
    const chat = given.createClient();
    const states: string[] = [];
    chat.on("connection", ({ state }) => states.push(state));
    expect([chat.state, chat.userId]).toEqual(["disconnected", undefined]);
    const connecting = chat.connect({ userId: "ann", token: "ann" });
    expect([chat.state, chat.userId]).toEqual(["connecting", "ann"]);
    await connecting;
    expect(given.gateway.handshakes).toEqual([{ token: "ann", userId: "ann" }]);
    expect(chat.state).toBe("connected");
    expect(chat.presence.isOnline("ann")).toBe(true);
    await chat.disconnect();
    await chat.disconnect();
    expect(states).toEqual(["connecting", "connected", "disconnected"]);
    expect([chat.state, chat.userId, chat.presence.onlineUserIds]).toEqual(["disconnected", undefined, []]);
    await vi.waitFor(() => expect(given.gateway.sockets()).toEqual([]));
  });

  test("drops one slash at the end of the URL, for REST and socket alike", async () => {
    const chat = given.track(Sendsar.init({ apiUrl: `${given.gateway.apiUrl}/` }));
    await chat.connect({ userId: "ann", token: "ann" });
    await chat.listRooms();
    expect(given.gateway.requests.map(({ path }) => path)).toEqual(["/v1/chat/rooms"]);
  });

  test("rejects with the server's message when it is refused, and does not try again", async () => {
    given.gateway.refusal = { message: "This tenant is suspended", code: "tenant_suspended" };
    const chat = given.createClient();
    const changes: unknown[] = [];
    chat.on("connection", (change) => changes.push(change));
    const error = await failureOf(chat.connect({ userId: "ann", token: "ann" }));
    expect(error).toMatchObject({
      name: "SendsarError",
      message: "This tenant is suspended",
      code: "tenant_suspended",
    });
    expect(changes).toEqual([{ state: "connecting" }, { state: "disconnected", reason: "This tenant is suspended" }]);
    expect(given.gateway.handshakes).toHaveLength(1);
  });

  test("twice for the same user is one connection", async () => {
    const chat = given.createClient();
    const user = { userId: "ann", token: "ann" };
    await Promise.all([chat.connect(user), chat.connect(user)]);
    await chat.connect(user);
    expect(given.gateway.handshakes).toHaveLength(1);
    expect(given.gateway.sockets()).toHaveLength(1);
  });

  test("takes a new token for the same user without a new connection", async () => {
    const chat = await given.connectAs("ann");
    await chat.connect({ userId: "ann", token: "ann:2" });
    await chat.listRooms();
    expect(given.gateway.requests[0]?.headers["authorization"]).toBe("Bearer ann:2");
    expect(given.gateway.handshakes).toHaveLength(1);
  });

  test("leaves no timer behind at disconnect, whatever was going on", async () => {
    const pending = new Set<object>();
    const chat = given.createClient({
      setTimer: (callback, delayMs) => {
        const timer = {};
        pending.add(timer);
        const cancel = realDeps.setTimer(() => {
          pending.delete(timer);
          callback();
        }, delayMs);
        return () => {
          pending.delete(timer);
          cancel();
        };
      },
    });
    given.gateway.silentRooms.add("r1");
    await chat.connect({ userId: "ann", token: "ann" });
    void chat.joinRoom("r1");
    chat.typing("r1").keystroke();
    const call = failureOf(chat.listRooms());
    expect(pending.size).toBeGreaterThan(2);
    await chat.disconnect();
    expect(await call).toMatchObject({ code: "aborted" });
    expect(pending).toEqual(new Set());
  });

  test("for another user ends the first one's connection and calls", async () => {
    const chat = await given.connectAs("ann");
    given.gateway.silentRooms.add("r1");
    const joined = failureOf(chat.joinRoom("r1"));
    await chat.connect({ userId: "bob", token: "bob" });
    expect(await joined).toMatchObject({ code: "aborted" });
    expect(chat.userId).toBe("bob");
    await vi.waitFor(() => expect(given.gateway.sockets()).toHaveLength(1));
    expect(given.gateway.handshakes.map(({ userId }) => userId)).toEqual(["ann", "bob"]);
  });

  test("disconnect while connecting rejects the connect", async () => {
    const chat = given.createClient();
    const connecting = failureOf(chat.connect({ userId: "ann", token: "ann" }));
    await chat.disconnect();
    expect(await connecting).toMatchObject({ code: "aborted", message: "unable to connect; disconnect() was called" });
  });

  test("refuses what cannot work before anything is sent", async () => {
    expect(() => Sendsar.init({ apiUrl: "chat.example.com" })).toThrow("is not an http or https URL");
    expect(() => Sendsar.init({} as never)).toThrow("unable to init; neither apiUrl nor getSession is given");
    const chat = given.createClient();
    for (const options of [undefined, { userId: "", token: "t" }, { userId: "ann", token: "" }]) {
      expect(await failureOf(chat.connect(options))).toMatchObject({ code: "invalid_options" });
    }
    for (const call of [() => chat.listRooms(), () => chat.sendMessage("r1", "x"), () => chat.joinRoom("r1")]) {
      expect(await failureOf(call())).toMatchObject({ code: "not_connected" });
    }
    expect(given.gateway.handshakes).toEqual([]);
  });

  test("a client ends with its block when it is declared with await using", async () => {
    {
      await using chat = Sendsar.init({ apiUrl: given.gateway.apiUrl });
      await chat.connect({ userId: "ann", token: "ann" });
      expect(given.gateway.sockets()).toHaveLength(1);
    }
    await vi.waitFor(() => expect(given.gateway.sockets()).toEqual([]));
  });
});

describe("events", () => {
  test("reach their handlers with their types, until they are taken off", async () => {
    const chat = await given.connectAs("ann");
    const heard: unknown[] = [];
    const stop = chat.on("typing", (typing) => {
      expectTypeOf(typing.isTyping).toEqualTypeOf<boolean>();
      heard.push(typing);
    });
    const typing = { roomId: "r1", userId: "bob", isTyping: true };
    given.gateway.emit("typing", typing);
    await vi.waitFor(() => expect(heard).toEqual([typing]));
    stop();
    const order: string[] = [];
    chat.on("room-read", () => order.push("room-read"));
    given.gateway.emit("typing", { ...typing, isTyping: false });
    given.gateway.emit("room-read", { roomId: "r1", userId: "bob", lastReadAt: "", lastReadMessageId: null });
    await vi.waitFor(() => expect(order).toEqual(["room-read"]));
    expect(heard).toEqual([typing]);
  });

  test("every event of the contract reaches its handler as it came", async () => {
    const chat = await given.connectAs("ann");
    const message = toMessage(1, "r1", "bob");
    const { name, avatarUrl, externalId, customType, metadata, isFrozen } = createTestRoom();
    const face = { name, avatarUrl, externalId, customType, metadata, isFrozen };
    const payloads: { readonly [Name in keyof DownEvents as Exclude<Name, "resumed">]: DownEvents[Name] } = {
      error: { message: "no" },
      "joined-room": { roomId: "r1" },
      "left-room": { roomId: "r1" },
      "presence-snapshot": { roomId: "r1", onlineUserIds: ["bob"] },
      presence: { roomId: "r1", userId: "bob", online: true },
      "tenant-presence-snapshot": { onlineUserIds: ["ann", "bob"] },
      "tenant-presence": { userId: "cem", online: true },
      typing: { roomId: "r1", userId: "bob", isTyping: true },
      "room-read": { roomId: "r1", userId: "bob", lastReadAt: "", lastReadMessageId: null },
      "new-message": message,
      "message-updated": { ...message, editedAt: "", changeSeq: 2 },
      "room-updated": { ...face, roomId: "r1", seq: 3 },
      "participant-updated": { roomId: "r1", userId: "bob", role: "MEMBER", actorUserId: "ann", seq: 4 },
      "room-participants-changed": { roomId: "r1", action: "left", actorUserId: "bob", targetUserId: "bob", seq: 5 },
    };
    const names = Object.keys(payloads) as (keyof typeof payloads)[];
    expect(new Set([...names, "resumed"])).toEqual(new Set(downEventNames));
    const heard: Record<string, unknown> = {};
    for (const event of names) chat.on(event, (payload) => (heard[event] = payload));
    for (const event of names) given.gateway.emit(event, payloads[event] as never);
    await vi.waitFor(() => expect(Object.keys(heard)).toHaveLength(names.length));
    expect(heard).toEqual(payloads);
  });

  test("a message that arrives twice is handed over once", async () => {
    const chat = await given.connectAs("ann");
    const heard: number[] = [];
    chat.on("new-message", ({ seq }) => heard.push(seq));
    for (const seq of [1, 2, 1, 2, 3]) given.gateway.emit("new-message", toMessage(seq, "r1", "bob"));
    await vi.waitFor(() => expect(heard).toContain(3));
    expect(heard).toEqual([1, 2, 3]);
  });

  test("presence follows the server", async () => {
    const chat = await given.connectAs("ann");
    const heard: (readonly string[])[] = [];
    chat.on("presence-change", ({ onlineUserIds }) => heard.push(onlineUserIds));
    given.gateway.emit("tenant-presence", { userId: "bob", online: true });
    given.gateway.emit("tenant-presence", { userId: "bob", online: true });
    given.gateway.emit("tenant-presence", { userId: "ann", online: false });
    await vi.waitFor(() => expect(chat.presence.isOnline("ann")).toBe(false));
    expect(heard).toEqual([["ann", "bob"], ["bob"]]);
    expect(chat.presence.onlineUserIds).toEqual(["bob"]);
  });
});

describe("rooms and typing", () => {
  test("joinRoom resolves when the server confirms, and leaveRoom takes it back", async () => {
    const chat = await given.connectAs("ann");
    await chat.joinRoom("r1");
    chat.leaveRoom("r1");
    await vi.waitFor(() =>
      expect(given.gateway.events).toMatchObject([
        { name: "join-room", payload: { roomId: "r1", userId: "ann" } },
        { name: "leave-room", payload: { roomId: "r1", userId: "ann" } },
      ]),
    );
  });

  test("a refused join rejects, and the error event tells it too", async () => {
    given.gateway.closedRooms.add("r1");
    const chat = await given.connectAs("ann");
    const heard: unknown[] = [];
    chat.on("error", (error) => heard.push(error));
    expect(await failureOf(chat.joinRoom("r1"))).toMatchObject({ message: "Room not found", code: "room_not_found" });
    const refusal = { message: "Room not found", code: "room_not_found", event: "join-room", roomId: "r1" };
    expect(heard).toEqual([refusal]);
  });

  test("a refused join that nobody waits for is told by the error event alone, and is no unhandled rejection", async () => {
    given.gateway.closedRooms.add("r1");
    const chat = await given.connectAs("ann");
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", onUnhandled);
    try {
      void chat.joinRoom("r1");
      await new Promise((resolve) => chat.on("error", resolve));
      await settle();
    } finally {
      process.off("unhandledRejection", onUnhandled);
    }
    expect(unhandled).toEqual([]);
  });

  test("[TY2] a page that goes away says that the user has stopped typing, until disconnect()", async () => {
    const hides = new Set<() => void>();
    const chat = await given.connectAs("ann", {
      onPageHide: (callback) => {
        hides.add(callback);
        return () => hides.delete(callback);
      },
    });
    chat.typing("r1").keystroke();
    for (const hide of hides) hide();
    await vi.waitFor(() => expect(given.gateway.events).toHaveLength(2));
    expect(given.gateway.events.map(({ payload }) => payload)).toMatchObject([{ isTyping: true }, { isTyping: false }]);
    await chat.disconnect();
    expect(hides.size).toBe(0);
  });

  test("[TY2] sending a message ends the typing in its room", async () => {
    const chat = await given.connectAs("ann");
    chat.typing("r1").keystroke();
    chat.typing("r1").keystroke();
    await chat.sendMessage("r1", "hello");
    chat.setTyping("r2", true);
    await vi.waitFor(() => expect(given.gateway.events).toHaveLength(3));
    expect(given.gateway.events.map(({ payload }) => payload)).toEqual([
      { roomId: "r1", userId: "ann", isTyping: true },
      { roomId: "r1", userId: "ann", isTyping: false },
      { roomId: "r2", userId: "ann", isTyping: true },
    ]);
  });
});
