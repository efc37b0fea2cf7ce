import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectTestSocket, createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe("the quick start, over the wire", () => {
  test("users, token, room, socket, message", async () => {
    const { api } = gateway.a;
    expect((await api.post("/users", { id: "ann", username: "Ann" })).status).toBe(201);
    expect((await api.post("/users", { id: "ann", username: "Ann L" })).status).toBe(200);
    const room = await api.post("/chat/rooms", {
      name: "R",
      participants: [{ id: "ann" }, { id: "bo", username: "Bo" }],
    });
    expect(room.status).toBe(201);
    const token = await api.post("/auth/token", { userId: "bo" });
    expect(token.status).toBe(200);
    using bo = await connectTestSocket(gateway.url, token.body.token);
    const ann = createUserClient(gateway.url, (await api.post("/auth/token", { userId: "ann" })).body.token);
    const sent = await ann.post(`/chat/rooms/${room.body.id}/messages`, {
      senderId: "ann",
      clientMessageId: "one",
      parts: [{ type: "text", text: "hello" }],
    });
    expect(sent.body).toMatchObject({ senderId: "ann", previewText: "hello" });
    expect(sent.status).toBe(201);
    expect(await bo.next("new-message")).toEqual(sent.body);
    const page = await ann.get(`/chat/rooms/${room.body.id}/messages`);
    expect(page.body.messages).toEqual([sent.body]);
  });
});
