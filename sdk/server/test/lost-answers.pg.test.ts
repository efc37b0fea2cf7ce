import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Sendsar, createSendsar } from "../src/server-sdk.ts";
import { type ServerGateway, collect, startServerGateway } from "./server-gateway.ts";
import { failureOf } from "./test-sendsar.ts";

let server: ServerGateway;
let sendsar: Sendsar;
let lost = 0;

/** The call is made and its work is done, but the first answer to each never arrives. */
const losing: typeof fetch = async (url, init) => {
  const answer = await fetch(url, init);
  const call = JSON.stringify([url, init?.method, init?.headers, init?.body]);
  if (seen.has(call)) return answer;
  seen.add(call);
  lost += 1;
  await answer.arrayBuffer();
  throw new TypeError("fetch failed", { cause: new Error("read ECONNRESET") });
};
const seen = new Set<string>();

beforeAll(async () => {
  server = await startServerGateway();
  const { apiKey } = server.gateway.a;
  sendsar = createSendsar({ apiUrl: server.sendsar.apiUrl, apiKey, fetch: losing });
});
afterAll(() => server[Symbol.asyncDispose]());

describe("an answer that is lost makes nothing happen twice:", () => {
  test("A22 a room without an externalId", async () => {
    const { id } = await sendsar.rooms.create({ name: "Once", participants: [{ id: "ann" }, { id: "bo" }] });
    const rooms = await collect(server.sendsar.rooms.all());
    expect(rooms.filter(({ name }) => name === "Once").map((room) => room.id)).toEqual([id]);
  });

  test("D16 a message, a reaction that is toggled, a copy that is forwarded", async () => {
    const room = await sendsar.rooms.ensureGroup("lost:1", { participants: ["ann", "bo"] });
    const target = await sendsar.rooms.ensureGroup("lost:2", { participants: ["ann"] });
    const { id } = await sendsar.messages.send(room.id, { senderId: "ann", text: "once" });
    const reaction = { userId: "bo", emoji: "👍" };
    expect((await sendsar.messages.toggleReaction(room.id, id, reaction)).reactions).toEqual([reaction]);
    await sendsar.messages.forward(room.id, id, { userId: "ann", targetRoomIds: [target.id] });
    const idsIn = async (roomId: string) => (await collect(server.sendsar.messages.all(roomId))).map((one) => one.id);
    expect(await idsIn(room.id)).toEqual([id]);
    expect(await idsIn(target.id)).toHaveLength(1);
    expect((await server.sendsar.messages.get(room.id, id)).reactions).toEqual([reaction]);
  });

  test("4.4 a participant's coming, which the room is told of", async () => {
    const room = await sendsar.rooms.ensureGroup("lost:3", { participants: ["ann"] });
    await sendsar.rooms.addParticipant(room.id, { userId: "cem", actorUserId: "ann" });
    const lines = await collect(server.sendsar.messages.all(room.id));
    expect(lines.map(({ previewText }) => previewText)).toEqual(["cem joined"]);
  });

  test("an app, an upload, and what is the same twice", async () => {
    expect(await sendsar.apps.create({ appCode: "once" })).toMatchObject({ appCode: "once" });
    await sendsar.uploads.presign({ filename: "a.pdf", mediaType: "application/pdf", sizeBytes: 7 });
    expect(await server.sendsar.tenant.getStorage()).toMatchObject({ pendingBytes: 7 });
    await sendsar.users.upsert({ id: "dan", username: "Dan" });
    expect(await sendsar.users.update("dan", { username: "Daniel" })).toMatchObject({ username: "Daniel" });
    expect(await sendsar.users.delete("dan", { deleteMessages: true })).toMatchObject({ userId: "dan", done: true });
  });

  test("though what was deleted may be reported as gone", async () => {
    const { id } = await sendsar.rooms.ensureGroup("lost:4", { participants: ["ann"] });
    expect(await failureOf(sendsar.rooms.delete(id))).toMatchObject({ status: 404, code: "room_not_found" });
    expect(await server.sendsar.rooms.find("lost:4")).toBeUndefined();
  });

  test("and answers were lost in all of these", () => {
    expect(lost).toBeGreaterThan(10);
  });
});
