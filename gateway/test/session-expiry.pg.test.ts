import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import { connectTestSocket, refusedSocket } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";

// B17: sockets that are open when the token of their session ends. The gateways' clock is the test's.

let aheadMs = 0;
let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway({ now: () => new Date(Date.now() + aheadMs) });
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

test("B17 a session that ends: told why and cut within 5 s on every gateway, and nothing is lost on the way to the next", async () => {
  const { api } = one.a;
  await api.post("/users", { id: "ann", username: "Ann" });
  const mint = async (expiresIn: number): Promise<string> =>
    (await api.post("/auth/token", { userId: "ann", expiresIn })).body.token;
  const room = await api.post("/chat/rooms", {
    name: "R",
    participants: [{ id: "ann" }, { id: "bo", username: "Bo" }],
  });
  const send = async (text: string): Promise<number> =>
    (await api.post(`/chat/rooms/${room.body.id}/messages`, { senderId: "bo", parts: [{ type: "text", text }] })).body
      .seq;
  const token = await mint(limits.sessionSecondsMin);
  using here = await connectTestSocket(one.url, token);
  using there = await connectTestSocket(two.url, token);
  using longer = await connectTestSocket(two.url, await mint(3600));

  // The leeway is for clocks that differ: until it is over the session is as good as before.
  aheadMs = (limits.sessionSecondsMin + limits.sessionLeewaySeconds - 5) * 1000;
  using late = await connectTestSocket(two.url, token);
  const seen = await send("before the end");
  await Promise.all([here, there, late].map((socket) => socket.next("new-message")));
  expect([here, there].map(({ socket }) => socket.connected)).toEqual([true, true]);

  aheadMs += 6000;
  const sockets = [here, there, late];
  await vi.waitFor(() => expect(sockets.filter(({ socket }) => socket.connected)).toEqual([]), 5000);
  for (const socket of sockets) {
    expect(socket.of("error")).toEqual([{ message: "Session expired", code: "token_expired" }]);
  }
  expect(longer.socket.connected).toBe(true);
  expect(await refusedSocket(two.url, token)).toMatchObject({ code: "unauthorized" });

  const missed = await send("in between");
  using next = await connectTestSocket(two.url, await mint(3600));
  next.socket.emit("resume", { rooms: { [room.body.id]: seen } });
  const { rooms } = await next.next("resumed");
  expect(rooms).toMatchObject([{ roomId: room.body.id, reset: false, events: [{ seq: missed }] }]);
  const live = await send("after");
  expect((await next.next("new-message", ({ seq }) => seq === live)).seq).toBe(live);
});
