import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { connectTestSocket, createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";

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
const createGroup = async (...ids: string[]): Promise<string> =>
  (await one.a.api.post("/chat/rooms", { name: "R", participants: ids.map((id) => ({ id })) })).body.id;

describe("membership over two gateways", () => {
  test("C06 a removed member gets nothing that comes after the removal, on another gateway and under load", async () => {
    const roomId = await createGroup("op", "gone");
    using gone = await connectTestSocket(two.url, await tokenOf("gone"));
    using op = await connectTestSocket(one.url, await tokenOf("op"));
    const send = (n: number) => one.a.api.post(`/chat/rooms/${roomId}/messages`, { senderId: "op", ...text(`${n}`) });
    const before = Promise.all(Array.from({ length: 50 }, (_, n) => send(n)));
    const removal = one.a.api.call("DELETE", `/chat/rooms/${roomId}/participants/gone?actorUserId=op`);
    const after = Promise.all(Array.from({ length: 50 }, (_, n) => send(100 + n)));
    expect((await removal).status).toBe(200);
    await Promise.all([before, after]);
    const told = await gone.next("room-participants-changed", ({ action }) => action === "removed");
    expect(told).toMatchObject({ roomId, actorUserId: "op", targetUserId: "gone" });
    // 100 messages, the creation, the removal, and its line.
    await vi.waitFor(() => expect(op.of("new-message")).toHaveLength(101));
    const seen = gone.of("new-message").map(({ seq }) => seq);
    expect(seen).toEqual(Array.from({ length: told.seq - 2 }, (_, n) => n + 2));
    const token = await tokenOf("gone");
    expect((await createUserClient(two.url, token).get(`/chat/rooms/${roomId}`)).status).toBe(404);
  });

  test("C07 a member who is added again gets what comes from then on, and finds all history", async () => {
    const roomId = await createGroup("op", "back");
    using back = await connectTestSocket(two.url, await tokenOf("back"));
    await one.a.api.call("DELETE", `/chat/rooms/${roomId}/participants/back?actorUserId=op`);
    await back.next("room-participants-changed", ({ action }) => action === "removed");
    await one.a.api.post(`/chat/rooms/${roomId}/messages`, { senderId: "op", ...text("unseen") });
    await one.a.api.post(`/chat/rooms/${roomId}/participants`, { userId: "back", actorUserId: "op" });
    await one.a.api.post(`/chat/rooms/${roomId}/messages`, { senderId: "op", ...text("seen") });
    await back.next("new-message", ({ previewText }) => previewText === "seen");
    expect(back.of("new-message").map(({ previewText }) => previewText)).toEqual(["back joined", "seen"]);
    const page = await createUserClient(two.url, await tokenOf("back")).get(`/chat/rooms/${roomId}/messages`);
    expect(page.body.messages.map(({ previewText }: { previewText: string }) => previewText)).toContain("unseen");
  });

  test("roles: only an operator removes others, everybody leaves, the last operator has an heir", async () => {
    const roomId = await createGroup("op", "first", "second");
    const [op, first] = [
      createUserClient(one.url, await tokenOf("op")),
      createUserClient(one.url, await tokenOf("first")),
    ];
    const refused = await first.call("DELETE", `/chat/rooms/${roomId}/participants/second`);
    expect([refused.status, refused.body.code]).toEqual([403, "operator_required"]);
    const left = await op.call("DELETE", `/chat/rooms/${roomId}/participants/op`);
    expect(left.status).toBe(200);
    expect(left.body.participants).toMatchObject([{ userId: "first", role: "OPERATOR" }, { userId: "second" }]);
    expect(left.body.lastMessage.previewText).toBe("op left");
    expect((await first.get("/chat/rooms?limit=1")).body.rooms[0]).toMatchObject({ id: roomId, unreadCount: 0 });
  });

  test("a direct room keeps its two, an unknown one is not there, adding twice tells nobody", async () => {
    const direct = (await one.a.api.post("/chat/rooms", { participants: [{ id: "x" }, { id: "y" }] })).body.id;
    const add = (roomId: string, userId: string) =>
      one.a.api.post(`/chat/rooms/${roomId}/participants`, { userId, actorUserId: "x" });
    expect((await add(direct, "z")).body.code).toBe("direct_room");
    expect((await add(crypto.randomUUID(), "z")).body.code).toBe("room_not_found");
    const group = await createGroup("x");
    expect((await add(group, "z")).body.lastSeq).toBe(3);
    expect((await add(group, "z")).body.lastSeq).toBe(3);
    expect((await one.a.api.call("DELETE", `/chat/rooms/${group}/participants/nobody`)).body.code).toBe(
      "participant_not_found",
    );
  });
});

describe("resume", () => {
  test("what was missed comes in order, a room that is not the caller's any more is reset", async () => {
    using op = await connectTestSocket(two.url, await tokenOf("op"));
    const [stay, lost] = [await createGroup("op", "sam"), await createGroup("op", "sam")];
    for (let n = 0; n < 5; n++) {
      await one.a.api.post(`/chat/rooms/${stay}/messages`, { senderId: "op", ...text(`${n}`) });
    }
    await one.a.api.call("DELETE", `/chat/rooms/${lost}/participants/sam?actorUserId=op`);
    // A gateway that has not heard of it yet would tell it live.
    await op.next("room-participants-changed", ({ roomId, action }) => roomId === lost && action === "removed");
    using sam = await connectTestSocket(two.url, await tokenOf("sam"));
    sam.socket.emit("resume", { rooms: { [stay]: 3, [lost]: 1 } });
    const { rooms, more } = await sam.next("resumed");
    expect(more).toBe(false);
    expect(rooms).toHaveLength(2);
    expect(rooms.find(({ roomId }: { roomId: string }) => roomId === lost)).toMatchObject({ reset: true, events: [] });
    const { events } = rooms.find(({ roomId }: { roomId: string }) => roomId === stay);
    expect(events.map(({ seq, event }: { seq: number; event: string }) => [seq, event])).toEqual([
      [4, "new-message"],
      [5, "new-message"],
      [6, "new-message"],
    ]);
  });
});
