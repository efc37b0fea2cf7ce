import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestSocket } from "../../scripts/testing/client.ts";
import { connectTestSocket, createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { runOn } from "../../scripts/testing/test-server.ts";

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

const tokenOf = async (userId: string): Promise<string> => {
  await one.a.api.post("/users", { id: userId, username: userId });
  return (await one.a.api.post("/auth/token", { userId })).body.token;
};

const text = (value: string) => ({ parts: [{ type: "text", text: value }] });
const seqsOf = (socket: TestSocket, roomId: string): number[] =>
  socket
    .of("new-message")
    .filter((message) => message.roomId === roomId)
    .map((message) => message.seq);

/** Who is online, as a client that keeps the snapshot and applies the events sees it. */
const onlineFor = (socket: TestSocket): string[] => {
  const online = new Set<string>(socket.of("tenant-presence-snapshot").at(-1)?.onlineUserIds);
  for (const change of socket.of("tenant-presence")) {
    if (change.online) online.add(change.userId);
    else online.delete(change.userId);
  }
  return [...online];
};

describe("two gateways over one database", () => {
  test("messages sent on both reach members on both, in one order, without a hole or a double", async () => {
    const [ann, bo] = [await tokenOf("ann"), await tokenOf("bo")];
    const room = await one.a.api.post("/chat/rooms", { name: "R", participants: [{ id: "ann" }, { id: "bo" }] });
    using here = await connectTestSocket(one.url, ann);
    using there = await connectTestSocket(two.url, bo);
    const [first, second] = [createUserClient(one.url, ann), createUserClient(two.url, bo)];
    const count = 400;
    await Promise.all(
      Array.from({ length: count }, (_, n) =>
        (n % 2 === 0 ? first : second).post(`/chat/rooms/${room.body.id}/messages`, text(`message ${n}`)),
      ),
    );
    const expected = Array.from({ length: count }, (_, n) => n + 2);
    await vi.waitFor(() => {
      expect(seqsOf(here, room.body.id)).toHaveLength(count);
      expect(seqsOf(there, room.body.id)).toHaveLength(count);
    }, 10_000);
    expect(seqsOf(here, room.body.id)).toEqual(expected);
    expect(seqsOf(there, room.body.id)).toEqual(expected);
  });

  test("a room created on one gateway is announced to members on the other, who get its messages", async () => {
    using there = await connectTestSocket(two.url, await tokenOf("cy"));
    const room = await one.a.api.post("/chat/rooms", { name: "R", participants: [{ id: "ann" }, { id: "cy" }] });
    const joined = await there.next("room-participants-changed", ({ roomId }) => roomId === room.body.id);
    expect(joined).toMatchObject({ action: "joined", targetUserId: "cy" });
    await one.a.api.post(`/chat/rooms/${room.body.id}/messages`, { senderId: "ann", ...text("hello") });
    await there.next("new-message", ({ roomId }) => roomId === room.body.id);
  });

  test("presence and typing cross gateways", async () => {
    const room = await one.a.api.post("/chat/rooms", { name: "R", participants: [{ id: "dan" }, { id: "eve" }] });
    using dan = await connectTestSocket(one.url, await tokenOf("dan"));
    using eve = await connectTestSocket(two.url, await tokenOf("eve"));
    await dan.next("tenant-presence", ({ userId, online }) => userId === "eve" && online);
    // By the snapshot or, when dan came only just before, by the event.
    await vi.waitFor(() => expect(onlineFor(eve)).toEqual(expect.arrayContaining(["dan", "eve"])));
    eve.socket.emit("typing", { roomId: room.body.id, userId: "eve", isTyping: true });
    await dan.next("typing", ({ userId, isTyping }) => userId === "eve" && isTyping);
    dan.socket.emit("join-room", { roomId: room.body.id, userId: "dan" });
    await dan.next("joined-room");
    eve.socket.emit("join-room", { roomId: room.body.id, userId: "eve" });
    expect((await eve.next("presence-snapshot")).onlineUserIds).toContain("eve");
    await dan.next("presence", ({ userId, online }) => userId === "eve" && online);
  });

  test("F04 messages committed while nobody listens arrive without a reconnect, in order", async () => {
    const room = await one.a.api.post("/chat/rooms", { name: "R", participants: [{ id: "ann" }, { id: "fay" }] });
    using fay = await connectTestSocket(two.url, await tokenOf("fay"));
    for (let round = 0; round < 5; round++) {
      await runOn(
        one.database.adminUrl,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name in ('sendsar-listener', 'sendsar-publisher') and datname = current_database()",
      );
      for (let n = 0; n < 10; n++) {
        const path = `/chat/rooms/${room.body.id}/messages`;
        expect((await one.a.api.post(path, { senderId: "ann", ...text(`${round}.${n}`) })).status).toBe(201);
      }
    }
    await vi.waitFor(() => expect(seqsOf(fay, room.body.id)).toHaveLength(50), 10_000);
    expect(seqsOf(fay, room.body.id)).toEqual(Array.from({ length: 50 }, (_, n) => n + 2));
  });
});
