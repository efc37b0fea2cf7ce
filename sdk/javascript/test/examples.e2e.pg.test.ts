import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type TestGateway, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { sampleFiles } from "../../../scripts/testing/sample-files.ts";
import { createTestRoom } from "../../../scripts/testing/test-user.ts";
import { showRateLimits, usePush } from "../examples/account.ts";
import { callAnything, connectWithRoute, connectWithToken, handleErrors } from "../examples/connecting.ts";
import { sendFile, showFiles } from "../examples/files.ts";
import { confirmEverything, followOthers, openRoom } from "../examples/live.ts";
import { change, forward, read, receipts, send } from "../examples/messages.ts";
import { listRooms, manageGroup, tidyUp, walkRooms } from "../examples/rooms.ts";
import { printPreviews, textOf } from "../examples/texts.ts";
import { type Scene, startScene } from "./e2e-scene.ts";
import { eventually } from "./test-app.ts";

/** Every example of docs/reference/javascript-sdk.md, against a real gateway. */
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ config: { rateLimits: true } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

let scene: Scene;
let printed: string[];
beforeEach(async () => {
  scene = await startScene([gateway, gateway], { customType: "order", name: "Order 8812" });
  printed = [];
  vi.spyOn(console, "log").mockImplementation((...words: unknown[]) => void printed.push(words.map(String).join(" ")));
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
  vi.restoreAllMocks();
});

test("connect, with a token and with a session route", async () => {
  const { ann, bob, roomId } = scene;
  const apiUrl = `${gateway.url}/v1`;
  await using chat = await connectWithToken(apiUrl, ann.id, ann.token);
  await bob.app.chat.sendMessage(roomId, "hello");
  await eventually(() => expect(printed).toEqual(["connecting ", "connected ", `${bob.id}: hello`]));
  expect(chat.state).toBe("connected");

  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const session = { token: ann.token, expiresAt, apiUrl, chatUserId: ann.id, displayName: "Ann" };
  const backend = createServer((_, response) => response.end(JSON.stringify(session)));
  backend.listen(0, "127.0.0.1");
  await once(backend, "listening");
  await using routed = await connectWithRoute(`http://127.0.0.1:${(backend.address() as AddressInfo).port}/`);
  expect(routed.userId).toBe(ann.id);
  backend.closeAllConnections();
  backend.close();
});

test("errors and calls", async () => {
  const { ann, roomId } = scene;
  const nowhere = crypto.randomUUID();
  await handleErrors(ann.app.chat, nowhere);
  expect(printed).toEqual([`Sendsar /chat/rooms/${nowhere} failed: 404: Room not found`, "this room is gone"]);
  printed.length = 0;
  await callAnything(ann.app.chat, roomId);
  expect(printed).toEqual(["0 pinned"]);
});

test("rooms", async () => {
  const { ann, bob, roomId } = scene;
  await bob.app.chat.sendMessage(roomId, "hello");
  await listRooms(ann.app.chat);
  await walkRooms(ann.app.chat);
  expect(printed).toEqual(["Order 8812 1 hello", "Order 8812"]);
  await manageGroup(ann.app.chat, roomId, `cem_${crypto.randomUUID()}`);
  expect(printed.at(-1)).toContain("Cem (MEMBER)");
  const { participants } = await bob.app.chat.getRoom(roomId);
  expect(new Set(participants.map(({ userId }) => userId))).toEqual(new Set([ann.id, bob.id]));
  await tidyUp(bob.app.chat, roomId);
  expect(printed.at(-1)).toBe("left");
});

test("messages", async () => {
  const { ann, bob, roomId } = scene;
  const id = await send(ann.app.chat, roomId);
  await read(ann.app.chat, roomId, id);
  expect(printed[0]).toBe("2 0 1 2");
  expect(printed.slice(1).map((line) => line.replace(/^\S+ /, ""))).toEqual(["I hope so", "Is it still hot?"]);
  printed.length = 0;
  const other = (await createTestRoom(gateway.a, [ann, bob])).id as string;
  await forward(ann.app.chat, roomId, id, other);
  await change(ann.app.chat, roomId, id);
  expect(printed).toEqual([`forwarded from ${ann.id}`, "👍 1 true", "1 pinned", "true"]);
});

test("receipts", async () => {
  const { ann, bob, roomId } = scene;
  await ann.app.chat.sendMessage(roomId, "one");
  await bob.app.chat.sendMessage(roomId, "two");
  await receipts(ann.app.chat, roomId);
  expect(printed).toEqual(["two ", "one read", "0 unread in 0 rooms", `${roomId} 0`]);
  const stop = confirmEverything(ann.app.chat);
  const { createdAt } = await bob.app.chat.sendMessage(roomId, "three");
  await eventually(async () => {
    expect((await bob.app.chat.getMessages(roomId)).peerLastDeliveredAt).toBe(createdAt);
  });
  stop();
});

test("open rooms, typing and presence", async () => {
  const { ann, bob, roomId } = scene;
  await openRoom(ann.app.chat, roomId);
  expect(printed.at(-1)).toBe("Order 8812 0 false true");
  await bob.hears("typing", ({ isTyping }) => !isTyping);
  await bob.app.chat.joinRoom(roomId);
  await followOthers(ann.app.chat, roomId);
  expect(printed.at(-1)).toMatch(/^true /);
});

test("files", async () => {
  const { ann, bob, roomId } = scene;
  const { png } = sampleFiles;
  await sendFile(ann.app.chat, roomId, new File([new Uint8Array(png.bytes)], png.filename, { type: png.mediaType }));
  expect(printed).toEqual(["0 %", "100 %"]);
  await showFiles(bob.app.chat, roomId);
  expect(printed[2]).toMatch(/^dot.png http:.*\/files\//);
  expect(printed[3]).toMatch(new RegExp(`^${png.bytes.length} of \\d+ bytes$`));
});

test("texts", async () => {
  const { ann, bob, roomId } = scene;
  const hello = await bob.app.chat.sendMessage(roomId, "hello");
  expect(textOf(hello, ann.id)).toBe("hello");
  const deleted = await bob.app.chat.deleteMessage(roomId, hello.id);
  expect(textOf(deleted, ann.id)).toBe("Message deleted");
  expect(textOf({ ...deleted, deletedHidden: true }, ann.id)).toBeUndefined();
  await bob.app.chat.removeParticipant(roomId, bob.id);
  const line = await ann.hears("new-message", ({ parts }) => parts[0]?.type === "data-membership");
  expect(textOf(line, ann.id)).toBe(`${bob.id} left`);
  printPreviews();
  expect(printed).toEqual(["two lines", "Attachment", "Video call · 3 min"]);
});

test("devices and rate limits", async () => {
  const { ann } = scene;
  await usePush(ann.app.chat, "token-of-this-browser");
  expect(printed).toEqual(["1 devices"]);
  await showRateLimits(ann.app.chat);
  expect(printed.slice(1).some((line) => /^send-message of user: \d+ of \d+ left$/.test(line))).toBe(true);
});
