import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { refusedSocket } from "../../scripts/testing/client.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { connectPublishedClient } from "../../scripts/testing/published-client.ts";
import type { PublishedClient } from "../../scripts/testing/published-client.ts";
import type { TwoGateways } from "../../scripts/testing/published-scene.ts";
import { createPublishedScene, startTwoGateways, text } from "../../scripts/testing/published-scene.ts";
import { openTcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import type { TestTimers } from "../../scripts/testing/test-timers.ts";
import { createLongTestTimers } from "../../scripts/testing/test-timers.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";

// What the published clients rely on (contract §16), as they do it, on two gateways over one database: sockets. Waits
// of seconds pass when a test says so.

let gateways: TwoGateways;
let timers: TestTimers;
beforeAll(async () => {
  timers = createLongTestTimers(5000);
  gateways = await startTwoGateways({ timers });
});
afterAll(() => gateways[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(gateways.one), ...loggedFailures(gateways.two)]).toEqual([]);
});

const send = (by: PublishedClient, path: string, value: string) =>
  by.call("POST", `${path}/messages`, { senderId: by.userId, parts: text(value) });

describe("W05 sockets are at the origin, with the token in auth", () => {
  test("W05 the /v1 is dropped, the path is /socket.io/, and the transport is a WebSocket", async () => {
    using scene = await createPublishedScene(gateways);
    for (const { socket } of [scene.ann, scene.bo]) {
      expect(socket.socket.io.engine.transport.name).toBe("websocket");
      expect(socket.socket.io.opts.path).toBe("/socket.io");
      await socket.next("tenant-presence-snapshot");
    }
  });

  test("W05 a refusal has a message for people", async () => {
    const { one, two } = gateways;
    for (const url of [one.url, two.url]) {
      for (const token of ["no token", undefined, one.a.apiKey]) {
        const { message } = await refusedSocket(url, token);
        expect(message).toMatch(/^[A-Z][a-z]+,? .+/);
        await expect(connectPublishedClient(`${url}/v1`, { token: token as string, userId: "x" })).rejects.toThrow(
          message,
        );
      }
    }
  });
});

describe("W06 a snapshot has oneself", () => {
  test("W06 on the first connect, and on every one after it, whichever gateway it leads to", async () => {
    const { one, two } = gateways;
    await using balancer = await openTcpSwitch([one.gateway.port]);
    const ann = await createTestUser(one, one.a);
    using client = await connectPublishedClient(`http://127.0.0.1:${balancer.port}/v1`, { ...ann, userId: ann.id });
    await client.socket.next("tenant-presence-snapshot", ({ onlineUserIds }) => onlineUserIds.includes(ann.id));
    for (const [index, port] of [two.gateway.port, one.gateway.port].entries()) {
      balancer.setTargets([port]);
      balancer.cut();
      await vi.waitFor(() => expect(client.socket.of("tenant-presence-snapshot")).toHaveLength(index + 2), 5000);
      expect(client.socket.of("tenant-presence-snapshot").at(-1).onlineUserIds).toContain(ann.id);
    }
  });
});

describe("W07 nothing depends on joining a room again", () => {
  test("W07 after a drop that leads to the other gateway, messages, typing and changes of the open room arrive", async () => {
    const { one, two } = gateways;
    using scene = await createPublishedScene(gateways);
    const { bo, path, room } = scene;
    const dee = await createTestUser(one, one.a);
    await scene.ann.call("POST", `${path}/participants`, { userId: dee.id, actorUserId: scene.ann.userId });
    await using balancer = await openTcpSwitch([one.gateway.port]);
    using client = await connectPublishedClient(`http://127.0.0.1:${balancer.port}/v1`, { ...dee, userId: dee.id });
    client.socket.socket.emit("join-room", { roomId: room.id, userId: dee.id });
    await client.socket.next("joined-room");
    const again = once(client.socket.socket as never, "connect");
    balancer.setTargets([two.gateway.port]);
    balancer.cut();
    await again;
    bo.socket.socket.emit("typing", { roomId: room.id, userId: bo.userId, isTyping: true });
    await client.socket.next("typing", ({ userId }) => userId === bo.userId);
    const sent = await send(scene.ann, path, "still there?");
    expect(await client.socket.next("new-message", ({ id }) => id === sent.id)).toEqual(sent);
    await bo.call("POST", `${path}/messages/${sent.id}/pin`, { userId: bo.userId });
    await client.socket.next("message-updated", ({ id }) => id === sent.id);
    expect(client.socket.of("joined-room")).toHaveLength(1);
  });

  test("W07 a client that never opened the room gets its messages, its typing and its changes of people", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, cy, path, room } = scene;
    const sent = await send(bo, path, "for the inbox");
    bo.socket.socket.emit("typing", { roomId: room.id, userId: bo.userId, isTyping: true });
    await bo.call("DELETE", `${path}/participants/${bo.userId}?actorUserId=${bo.userId}`);
    for (const { socket } of [ann, cy]) {
      expect(await socket.next("new-message", ({ id }) => id === sent.id)).toEqual(sent);
      await socket.next("typing", ({ userId }) => userId === bo.userId);
      await socket.next("room-participants-changed", ({ action }) => action === "left");
    }
  });
});

describe("W12 leaving the view of a room", () => {
  test("W12 leave-room takes a bare string as well as an object, and leaves the participant in the room", async () => {
    using scene = await createPublishedScene(gateways);
    const { bo, room, path } = scene;
    for (const [index, payload] of [room.id, { roomId: room.id, userId: bo.userId }].entries()) {
      bo.socket.socket.emit("join-room", { roomId: room.id, userId: bo.userId });
      await vi.waitFor(() => expect(bo.socket.of("joined-room")).toHaveLength(index + 1), 5000);
      bo.socket.socket.emit("leave-room", payload);
      await vi.waitFor(() => expect(bo.socket.of("left-room")).toHaveLength(index + 1), 5000);
      const sent = await send(scene.ann, path, "still in it");
      await bo.socket.next("new-message", ({ id }) => id === sent.id);
    }
    expect(bo.socket.of("error")).toEqual([]);
  });
});

describe("W26 typing is said once", () => {
  test("W26 half a minute later it still holds: no end of it is told by itself, and the one that is sent is", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, cy, room, path } = scene;
    const typing = (isTyping: boolean) => ({ roomId: room.id, userId: bo.userId, isTyping });
    bo.socket.socket.emit("typing", typing(true));
    for (const { socket } of [ann, cy]) await socket.next("typing");
    timers.advance(29_999);
    const sent = await send(ann, path, "meanwhile");
    for (const { socket } of [ann, bo, cy]) await socket.next("new-message", ({ id }) => id === sent.id);
    for (const { socket } of [ann, cy]) expect(socket.of("typing")).toEqual([typing(true)]);
    bo.socket.socket.emit("typing", typing(false));
    for (const { socket } of [ann, cy]) await socket.next("typing", ({ isTyping }) => !isTyping);
    for (const { socket } of [ann, cy]) expect(socket.of("typing")).toEqual([typing(true), typing(false)]);
    expect(bo.socket.of("typing")).toEqual([]);
  });
});
