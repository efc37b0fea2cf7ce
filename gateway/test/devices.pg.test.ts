import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestClient, Wire } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { createTestSubscription } from "../../scripts/testing/push-subscription.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §10 (U2-U4).

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const mine = "/users/me/device-tokens";
const ofUser = (id: string): string => `/users/${encodeURIComponent(id)}/device-tokens`;
const newUser = () => createTestUser(gateway, gateway.a);
const newToken = (): string => `token-${randomUUID()}`;
const list = async (client: TestClient, path = mine): Promise<Wire[]> => (await client.get(path)).body.devices;
const remove = (client: TestClient, token: string, path = mine) =>
  client.call("DELETE", `${path}/${encodeURIComponent(token)}`);

describe("registering", () => {
  test("U2 answers the registration, 201; the same token again is the same one, 200, and says what is new", async () => {
    const { client } = await newUser();
    const body = { provider: "FCM", token: newToken(), platform: "android" };
    const made = await client.post(mine, body);
    expect(made.status).toBe(201);
    expect(made.body).toEqual({ ...body, id: expect.any(String), createdAt: expect.stringMatching(/^\d{4}-.*Z$/) });
    expect(await client.post(mine, { ...body, platform: null })).toMatchObject({
      status: 200,
      body: { ...made.body, platform: null },
    });
    expect(await list(client)).toEqual([{ ...made.body, platform: null }]);
  });

  test("U2 every provider of the published clients, platforms of any name, and fields that nobody knows", async () => {
    const { client } = await newUser();
    for (const provider of ["FCM", "ONESIGNAL", "PUSHY", "APNS"]) {
      const made = await client.post(mine, { provider, token: newToken(), platform: "watch", userId: "other", x: 1 });
      expect(made).toMatchObject({ status: 201, body: { provider, platform: "watch" } });
    }
    // The same text of two providers is two devices.
    const token = newToken();
    const both = await Promise.all(["FCM", "APNS"].map((provider) => client.post(mine, { provider, token })));
    expect(new Set(both.map(({ body }) => body.id)).size).toBe(2);
  });

  test("U4 a backend does it for any of its users, and lists and removes what a user registered", async () => {
    const { id, client } = await newUser();
    const { api } = gateway.a;
    const made = await api.post(ofUser(id), { provider: "APNS", token: newToken() });
    expect(made).toMatchObject({ status: 201, body: { platform: null } });
    const own = await client.post(mine, { provider: "FCM", token: newToken() });
    const both = [own.body, made.body];
    expect([await list(client), await list(api, ofUser(id))]).toEqual([both, both]);
    expect((await remove(api, own.body.token, ofUser(id))).status).toBe(200);
    expect(await list(client)).toEqual([made.body]);
  });

  test("G05 a token that another user registers is that user's only, as a new registration", async () => {
    const [a1, a2] = [await newUser(), await newUser()];
    const body = { provider: "FCM", token: newToken() };
    const first = await a1.client.post(mine, body);
    const second = await a2.client.post(mine, body);
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
    expect([await list(a1.client), await list(a2.client)]).toEqual([[], [second.body]]);
    // What a1 still knows of it removes nothing of a2's.
    for (const known of [body.token, first.body.id, second.body.id]) await remove(a1.client, known);
    expect(await list(a2.client)).toEqual([second.body]);
  });

  test("G05 the same token in two tenants is two devices", async () => {
    const [ofA, ofB] = [await newUser(), await createTestUser(gateway, gateway.b)];
    const body = { provider: "FCM", token: newToken() };
    const first = await ofA.client.post(mine, body);
    await requireUnchanged(gateway.database.adminUrl, ["a"], async () => {
      expect((await ofB.client.post(mine, body)).status).toBe(201);
      await remove(ofB.client, first.body.id);
      await remove(ofB.client, body.token);
    });
    expect(await list(ofA.client)).toEqual([first.body]);
  });

  test("G05 20 users at once with one token: it is the last one's, and nobody else's", async () => {
    const users = await Promise.all(Array.from({ length: 20 }, newUser));
    const body = { provider: "FCM", token: newToken() };
    const answers = await Promise.all(users.map(({ client }) => client.post(mine, body)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    const lists = (await Promise.all(users.map(({ client }) => list(client)))).filter((devices) => devices.length > 0);
    expect(lists).toMatchObject([[body]]);
  });
});

describe("G11 more than a user can have", () => {
  const register = (client: TestClient, token: string) => client.post(mine, { provider: "FCM", token });

  test("G11 the one that said longest ago that it is there goes", async () => {
    const { client } = await newUser();
    const tokens = Array.from({ length: limits.userDevicesMax }, newToken);
    for (const token of tokens) await register(client, token);
    const [first = "", second = "", ...rest] = tokens;
    await register(client, first);
    const one = newToken();
    await register(client, one);
    expect((await list(client)).map(({ token }) => token)).toEqual([one, first, ...rest.toReversed()]);
    expect((await list(client)).map(({ token }) => token)).not.toContain(second);
  });

  test("G11 50 at once leave as many as fit, and each of them was answered as registered", async () => {
    const { client } = await newUser();
    const answers = await Promise.all(Array.from({ length: 50 }, () => register(client, newToken())));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(201));
    expect(await list(client)).toHaveLength(limits.userDevicesMax);
  });
});

describe("U3 unregistering", () => {
  test.for([
    ["with slashes and colons", "a/b:c/d"],
    ["with all that means something in a URL", "APA91b:x/y+z==?&#%2F%"],
    ["in other scripts", "名前 🙂"],
    ["that looks like another path", "../..%2f.."],
    ["as long as one of FCM", `APA91b${"x".repeat(157)}`],
    ["as long as can be", "x".repeat(limits.deviceTokenCharsMax)],
    ["as long as can be, a character three in the path", "/".repeat(limits.deviceTokenCharsMax)],
  ] as const)("U3 CLIENT-BREAKER a token %s, with a JSON content type and no body", async ([, token]) => {
    const { client } = await newUser();
    await client.post(mine, { provider: "FCM", token });
    expect(await list(client)).toMatchObject([{ token }]);
    expect(await remove(client, token)).toMatchObject({ status: 200, body: { ok: true } });
    expect(await list(client)).toEqual([]);
  });

  test("U3 by id, in either case; what is not there, and twice, is fine; too long a token is not", async () => {
    const { client } = await newUser();
    const kept = await client.post(mine, { provider: "FCM", token: newToken() });
    for (const spell of [(id: string) => id, (id: string) => id.toUpperCase()]) {
      const { body } = await client.post(mine, { provider: "FCM", token: newToken() });
      for (let time = 1; time <= 2; time++) expect((await remove(client, spell(body.id))).status).toBe(200);
    }
    for (const unknown of [randomUUID(), newToken(), "-"]) expect((await remove(client, unknown)).status).toBe(200);
    expect(await list(client)).toEqual([kept.body]);
    const tooLong = await remove(client, "x".repeat(limits.deviceTokenCharsMax + 1));
    expectRefusal(tooLong, "path_too_long");
  });
});

describe("G02 whose devices", () => {
  test("G02 a session reaches its own user's devices only, a backend its own tenant's", async () => {
    const [a1, a2] = [await newUser(), await newUser()];
    const made = await a2.client.post(mine, { provider: "FCM", token: newToken() });
    const body = { provider: "FCM", token: newToken() };
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const answer of [
        await a1.client.post(ofUser(a2.id), body),
        await a1.client.get(ofUser(a2.id)),
        await remove(a1.client, made.body.id, ofUser(a2.id)),
      ]) {
        expectRefusal(answer, "api_key_required");
      }
      await remove(a1.client, made.body.id);
      await remove(a1.client, made.body.token);
      for (const id of [a2.id, "nobody"]) {
        for (const answer of [
          await gateway.b.api.post(ofUser(id), body),
          await gateway.b.api.get(ofUser(id)),
          await remove(gateway.b.api, made.body.id, ofUser(id)),
        ]) {
          expectRefusal(answer, "user_not_found");
        }
      }
    });
    expect(await list(a2.client)).toEqual([made.body]);
  });

  test("G02 `me` in the path is the caller's, and an API key is nobody; a user of that id has its own by its session", async () => {
    const me = await createTestUser(gateway, gateway.a, "me");
    const other = await newUser();
    const made = await me.client.post(mine, { provider: "FCM", token: newToken() });
    expect([await list(me.client), await list(other.client)]).toEqual([[made.body], []]);
    for (const path of [mine, "/users/%6d%65/device-tokens"]) {
      expectRefusal(await gateway.a.api.get(path), "session_required");
      expectRefusal(await gateway.a.api.post(path, { provider: "FCM", token: newToken() }), "session_required");
      expectRefusal(await remove(gateway.a.api, made.body.id, path), "session_required");
    }
  });

  test("G06 an unregistered device, and all of a user that was deleted, are gone from the database", async () => {
    const { id, client } = await newUser();
    const { api } = gateway.a;
    await client.post(mine, { provider: "FCM", token: newToken() });
    await api.post(ofUser(id), { provider: "APNS", token: newToken() });
    expect((await api.call("DELETE", `/users/${id}`)).body).toMatchObject({ done: true });
    expectRefusal(await api.get(ofUser(id)), "user_not_found");
    expectRefusal(await api.post(ofUser(id), { provider: "FCM", token: newToken() }), "user_not_found");
    await api.post("/users", { id, username: "Another" });
    expect(await list(api, ofUser(id))).toEqual([]);
  });
});

describe("what does not fit", () => {
  test("U2 is refused and named, and nothing is stored", async () => {
    const { client } = await newUser();
    const token = newToken();
    const wrong: readonly [path: string, body: object][] = [
      ["provider", { token }],
      ["provider", { provider: "fcm", token }],
      ["provider", { provider: "CARRIER_PIGEON", token }],
      ["token", { provider: "FCM" }],
      ["token", { provider: "FCM", token: "" }],
      ["token", { provider: "FCM", token: "x".repeat(limits.deviceTokenCharsMax + 1) }],
      ["token", { provider: "FCM", token: { endpoint: "x" } }],
      ["platform", { provider: "FCM", token, platform: "" }],
      ["platform", { provider: "FCM", token, platform: "x".repeat(33) }],
      ["token", { provider: "WEBPUSH", token }],
      ["token.endpoint", { provider: "WEBPUSH", token: JSON.stringify({ keys: createTestSubscription().keys }) }],
    ];
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const [path, body] of wrong) {
        const answer = await client.post(mine, body);
        expect(answer, JSON.stringify(body).slice(0, 80)).toMatchObject({
          status: 400,
          body: { code: "invalid_request", details: [{ path }] },
        });
      }
    });
  });
});

describe("a browser", () => {
  const body = (subscription: object) => ({
    provider: "WEBPUSH",
    token: JSON.stringify(subscription),
    platform: "web",
  });

  test("registers its subscription, and is removed by it, however it is written", async () => {
    const { client } = await newUser();
    const subscription = createTestSubscription();
    const made = await client.post(mine, body(subscription));
    expect(made).toMatchObject({ status: 201, body: body(subscription) });
    expect((await remove(client, JSON.stringify(subscription, undefined, 2))).status).toBe(200);
    expect(await list(client)).toEqual([]);
  });

  test("G05 is one device by the address of its push service: written otherwise, with renewed keys, by another user", async () => {
    const [a1, a2] = [await newUser(), await newUser()];
    const subscription = createTestSubscription();
    const first = await a1.client.post(mine, body(subscription));
    const renewed = createTestSubscription(subscription.endpoint);
    const again = await a1.client.post(mine, body(renewed));
    expect(again).toMatchObject({ status: 200, body: { id: first.body.id, token: JSON.stringify(renewed) } });
    const { endpoint, ...rest } = subscription;
    expect((await a2.client.post(mine, body({ ...rest, endpoint }))).status).toBe(201);
    expect(await list(a1.client)).toEqual([]);
    expect(await list(a2.client)).toHaveLength(1);
  });
});
