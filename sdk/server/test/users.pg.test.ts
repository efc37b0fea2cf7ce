import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createUserClient } from "../../../scripts/testing/client.ts";
import { type ServerGateway, collect, startServerGateway } from "./server-gateway.ts";
import { failureOf } from "./test-sendsar.ts";

let server: ServerGateway;

beforeAll(async () => {
  server = await startServerGateway();
});
afterAll(() => server[Symbol.asyncDispose]());

describe("users", () => {
  test("U1 upsert creates and changes, and get reads", async () => {
    const { users } = server.sendsar;
    const created = await users.upsert({ id: "u/1 ü", username: "Dara", appCode: "demo", metadata: { vip: true } });
    expect(created).toMatchObject({ id: "u/1 ü", username: "Dara", appCode: "demo", metadata: { vip: true } });
    expect(await users.upsert({ id: "u/1 ü", username: "Dara Sok" })).toMatchObject({ appCode: "demo" });
    expect(await users.get("u/1 ü")).toMatchObject({ username: "Dara Sok", metadata: { vip: true } });
    expect(await users.update("u/1 ü", { metadata: null })).toMatchObject({ username: "Dara Sok", metadata: null });
    expect(await failureOf(server.other.users.get("u/1 ü"))).toMatchObject({ status: 404, code: "user_not_found" });
  });

  test("all reads every user, page by page", async () => {
    const ids = Array.from({ length: 7 }, (_, index) => `list-${index}`);
    await Promise.all(ids.map((id) => server.other.users.upsert({ id, username: id })));
    expect((await collect(server.other.users.all({ limit: 3 }))).map(({ id }) => id)).toEqual(ids);
    expect((await server.other.users.list({ limit: 3 })).users.length).toBe(3);
  });

  test("B12 a user who is deactivated is locked out until reactivated", async () => {
    const { users, sessions } = server.sendsar;
    await users.upsert({ id: "locked", username: "Locked" });
    const { token } = await sessions.create({ userId: "locked" });
    const asUser = createUserClient(server.gateway.url, token);
    expect((await users.deactivate("locked")).deactivatedAt).not.toBeNull();
    expect((await asUser.get("/chat/rooms")).body.code).toBe("user_deactivated");
    expect((await users.reactivate("locked")).deactivatedAt).toBeNull();
    const again = await sessions.create({ userId: "locked" });
    expect((await createUserClient(server.gateway.url, again.token).get("/chat/rooms")).status).toBe(200);
  });

  test("K08 delete removes a user, with the messages if asked to", async () => {
    const { users, rooms, messages } = server.sendsar;
    const room = await rooms.create({ participants: [{ id: "goes" }, { id: "stays" }], name: "Two" });
    const { id } = await messages.send(room.id, { senderId: "goes", text: "remember me" });
    expect(await users.delete("goes", { deleteMessages: true })).toEqual({ ok: true, userId: "goes", done: true });
    expect(await failureOf(users.get("goes"))).toMatchObject({ code: "user_not_found" });
    expect(await messages.get(room.id, id, { viewerId: "stays" })).toMatchObject({ parts: [] });
  });
});

describe("sessions", () => {
  test("A1 create mints a token that works, and refuses who was never created", async () => {
    const { users, sessions } = server.sendsar;
    await users.upsert({ id: "ann", username: "Ann" });
    const { token, expiresAt, userId } = await sessions.create({ userId: "ann", expiresIn: 600 });
    expect(userId).toBe("ann");
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 600_000)).toBeLessThan(60_000);
    expect((await createUserClient(server.gateway.url, token).get("/chat/rooms")).status).toBe(200);
    expect(await failureOf(sessions.create({ userId: "nobody" }))).toMatchObject({
      status: 404,
      code: "user_not_found",
    });
  });

  test("B13 revoke ends the sessions of one, revokeAll those of all", async () => {
    const { users, sessions } = server.sendsar;
    const statusOf = async (token: string): Promise<number> =>
      (await createUserClient(server.gateway.url, token).get("/chat/rooms")).status;
    await users.upsert({ id: "r1", username: "R1" });
    await users.upsert({ id: "r2", username: "R2" });
    const [one, two] = [await sessions.create({ userId: "r1" }), await sessions.create({ userId: "r2" })];
    // A token carries whole seconds: these end if they were minted before the second that comes.
    const before = { issuedBefore: new Date(Date.now() + 1000).toISOString() };
    expect(await sessions.revoke("r1", before)).toEqual({ ok: true });
    await expect.poll(() => statusOf(one.token)).toBe(401);
    expect(await statusOf(two.token)).toBe(200);
    expect(await sessions.revokeAll(before)).toEqual({ ok: true });
    await expect.poll(() => statusOf(two.token)).toBe(401);
  });
});

test("U4 devices are registered, listed and unregistered by token", async () => {
  const { users, devices } = server.sendsar;
  await users.upsert({ id: "phone", username: "Phone" });
  const token = `fcm:${"x/".repeat(80)}`;
  const device = await devices.register("phone", { provider: "FCM", token, platform: "android" });
  expect(await devices.list("phone")).toEqual({ devices: [device] });
  expect(await devices.unregister("phone", token)).toEqual({ ok: true });
  expect(await devices.list("phone")).toEqual({ devices: [] });
});
