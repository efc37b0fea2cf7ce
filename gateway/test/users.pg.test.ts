import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import { createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §3.1.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const newId = (): string => `user_${randomUUID()}`;
const upsert = (body: object) => gateway.a.api.post("/users", body);
const pathOf = (id: string): string => `/users/${encodeURIComponent(id)}`;
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const full = {
  username: "Ann",
  appCode: "demo",
  avatarUrl: "https://shop.example/ann.png",
  metadata: { level: 3, tags: ["a"] },
};

describe("U1 upsert", () => {
  test("U1 answers the whole user, 201 when it is new and 200 when it was there", async () => {
    const id = newId();
    const made = await upsert({ id, username: "Ann" });
    const nothing = { appCode: null, avatarUrl: null, metadata: null, deactivatedAt: null };
    expect(made.status).toBe(201);
    expect(made.body).toEqual({ id, username: "Ann", ...nothing, createdAt: time, updatedAt: made.body.createdAt });
    const changed = await upsert({ id, ...full });
    expect(changed.status).toBe(200);
    expect(changed.body).toEqual({ ...made.body, ...full, updatedAt: time });
  });

  test("U1 what is left out stays, null clears", async () => {
    const id = newId();
    await upsert({ id, ...full });
    expect((await upsert({ id, username: "Ann L" })).body).toMatchObject({ ...full, username: "Ann L" });
    const cleared = { appCode: null, avatarUrl: null, metadata: null };
    expect((await upsert({ id, username: "Ann L", ...cleared })).body).toMatchObject(cleared);
  });

  test("U1 CLIENT-BREAKER an app code that no app has is kept, and fields that nobody knows are ignored", async () => {
    const id = newId();
    const made = await upsert({ id, username: "Ann", appCode: "demo", displayName: "?", email: "a@b.c", role: 1 });
    expect(made).toMatchObject({ status: 201, body: { appCode: "demo" } });
    expect(Object.keys(made.body)).not.toContain("displayName");
    const odd = ["Not An App/Code", "x".repeat(limits.appCodeCharsMax), "名前"];
    for (const appCode of odd) expect((await upsert({ id, username: "Ann", appCode })).body.appCode).toBe(appCode);
  });

  test("U1 20 at once make one user", async () => {
    const id = newId();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => upsert({ id, username: `Ann ${n}` })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
  });

  test("U1 what does not fit is refused and named, and nothing is stored", async () => {
    const id = newId();
    const wrong: readonly [path: string, body: object][] = [
      ["id", { id: "", username: "A" }],
      ["id", { id: "x".repeat(limits.userIdCharsMax + 1), username: "A" }],
      ["id", { id: 7, username: "A" }],
      ["username", { id }],
      ["username", { id, username: "" }],
      ["username", { id, username: "x".repeat(limits.usernameCharsMax + 1) }],
      ["appCode", { id, username: "A", appCode: "x".repeat(limits.appCodeCharsMax + 1) }],
      ["avatarUrl", { id, username: "A", avatarUrl: "javascript:alert(1)" }],
      ["metadata", { id, username: "A", metadata: [1] }],
      ["metadata", { id, username: "A", metadata: { text: "x".repeat(limits.metadataBytesMax) } }],
    ];
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const [path, body] of wrong) {
        const answer = await upsert(body);
        expect(answer, JSON.stringify(body).slice(0, 80)).toMatchObject({
          status: 400,
          body: { code: "invalid_request", details: [{ path }] },
        });
      }
    });
  });
});

describe("reading and changing a user", () => {
  test("GET /users/:userId answers what the upsert did, whatever the id is", async () => {
    for (const id of [
      newId(),
      "a/b:c?d#e%20",
      "名前 🙂",
      "../me",
      "me",
      "__proto__",
      "x".repeat(limits.userIdCharsMax),
    ]) {
      const made = await upsert({ id, username: "Any" });
      expect(await gateway.a.api.get(pathOf(id))).toMatchObject({ status: 200, body: made.body });
    }
  });

  test("PATCH /users/:userId changes what is given, null clears, nothing changes nothing", async () => {
    const id = newId();
    const made = await upsert({ id, ...full });
    const { patch } = gateway.a.api;
    const renamed = await patch(pathOf(id), { username: "Ann L", unknown: 1 });
    expect(renamed).toMatchObject({ status: 200 });
    expect(renamed.body).toEqual({ ...made.body, username: "Ann L", updatedAt: time });
    const cleared = { appCode: null, avatarUrl: null, metadata: null };
    expect((await patch(pathOf(id), cleared)).body).toMatchObject({ ...cleared, username: "Ann L" });
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      expect((await patch(pathOf(id), {})).body).toMatchObject({ ...cleared, username: "Ann L" });
      for (const wrong of [{ username: null }, { username: "" }, { avatarUrl: "ftp://x" }, { metadata: 1 }, [], 7]) {
        expect((await patch(pathOf(id), wrong)).body.code).toBe("invalid_request");
      }
    });
  });

  test("A19 a method that the call does not have is not smuggled in", async () => {
    const id = newId();
    await upsert({ id, username: "Ann" });
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const name of ["x-http-method-override", "x-http-method", "x-method-override"]) {
        const read = await gateway.a.api.call("GET", pathOf(id), undefined, { [name]: "DELETE" });
        expect(read).toMatchObject({ status: 200, body: { id } });
        const posted = await gateway.a.api.call("POST", pathOf(id), { _method: "DELETE" }, { [name]: "DELETE" });
        expectRefusal(posted, "method_not_allowed");
      }
    });
    expect((await gateway.a.api.get(`${pathOf(id)}?_method=DELETE`)).status).toBe(200);
  });

  test("A10 a session token reads and changes no users", async () => {
    const { client, id } = await createTestUser(gateway, gateway.a);
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const [method, path] of [
        ["GET", "/users"],
        ["GET", pathOf(id)],
        ["PATCH", pathOf(id)],
        ["DELETE", pathOf(id)],
        ["POST", "/users"],
      ] as const) {
        const body = method === "GET" ? undefined : { id, username: "Mallory" };
        expectRefusal(await client.call(method, path, body), "api_key_required");
      }
    });
  });
});

describe("listing users", () => {
  const readAll = async (limit: number): Promise<Wire[]> => {
    const users: Wire[] = [];
    for (let cursor = ""; ;) {
      const { body } = await gateway.a.api.get(`/users?limit=${limit}${cursor && `&cursor=${cursor}`}`);
      users.push(...body.users);
      expect(body.users.length).toBeLessThanOrEqual(limit);
      if (body.nextCursor === null) return users;
      cursor = body.nextCursor;
    }
  };

  test("every user once, in a fixed order, whatever the size of the page; those that come in between do not shift it", async () => {
    for (let n = 0; n < 7; n++) await upsert({ id: newId(), username: `Listed ${n}` });
    const all = await readAll(100);
    expect(all.length).toBeGreaterThanOrEqual(7);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(await readAll(3)).toEqual(all);
    const first = await gateway.a.api.get("/users?limit=2");
    await upsert({ id: `!${newId()}`, username: "Comes before all" });
    const second = await gateway.a.api.get(`/users?limit=2&cursor=${first.body.nextCursor}`);
    expect([...first.body.users, ...second.body.users]).toEqual(all.slice(0, 4));
  });

  test("A16 A21 the other tenant's users are not in it, its cursors neither", async () => {
    const id = newId();
    const mine = await upsert({ id, username: "a's" });
    await gateway.b.api.post("/users", { id, username: "b's" });
    await gateway.b.api.post("/users", { id: `${id}-2`, username: "b's" });
    const found = (await readAll(100)).filter((user) => user.id.startsWith(id));
    expect(found).toEqual([mine.body]);
    const { body } = await gateway.b.api.get("/users?limit=1");
    expectRefusal(await gateway.a.api.get(`/users?cursor=${body.nextCursor}`), "invalid_cursor");
    const rooms = await gateway.a.api.get(
      `/chat/rooms?cursor=${(await gateway.a.api.get("/users?limit=1")).body.nextCursor}`,
    );
    expectRefusal(rooms, "invalid_cursor");
  });

  test("limits are as for every page", async () => {
    expect((await gateway.a.api.get(`/users?limit=${limits.pageMax + 1}`)).status).toBe(200);
    for (const limit of ["0", "-1", "ten", "1.5"]) {
      expect((await gateway.a.api.get(`/users?limit=${limit}`)).body.code).toBe("invalid_request");
    }
  });
});

describe("the same id in two tenants is two people", () => {
  test("A15 A16 b's upsert, change and lock-out of the id leave a's user and its session alone", async () => {
    const { id, client } = await createTestUser(gateway, gateway.a);
    const { api } = gateway.b;
    expectRefusal(await api.post("/auth/token", { userId: id }), "user_not_found");
    for (const [method, path, body] of [
      ["GET", pathOf(id), undefined],
      ["PATCH", pathOf(id), { username: "b's" }],
      ["DELETE", pathOf(id), undefined],
    ] as const) {
      const [real, random] = [await api.call(method, path, body), await api.call(method, pathOf(newId()), body)];
      for (const answer of [real, random]) expectRefusal(answer, "user_not_found");
    }
    await requireUnchanged(gateway.database.adminUrl, ["a"], async () => {
      expect((await api.post("/users", { id, username: "b's" })).status).toBe(201);
      await api.patch(pathOf(id), { metadata: { of: "b" } });
      await api.post(`${pathOf(id)}/deactivate`);
      await api.call("DELETE", pathOf(id));
    });
    expect((await client.get("/chat/rooms")).status).toBe(200);
    await api.post("/users", { id, username: "b's" });
    const ofB = await mintToken(api, id);
    await gateway.a.api.post(`${pathOf(id)}/deactivate`);
    expect((await createUserClient(gateway.url, ofB).get("/chat/rooms")).status).toBe(200);
  });
});
