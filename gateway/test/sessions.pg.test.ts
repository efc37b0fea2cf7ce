import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestSocket } from "../../scripts/testing/client.ts";
import { connectTestSocket, createUserClient, openTestSocket, refusedSocket } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";

// B12 and B13 on two gateways of one database: what is ended on the first is ended on the second.

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(one), ...loggedFailures(two)]).toEqual([]);
});

/** What is promised: five seconds for REST, and for sockets. */
const soonMs = 5000;

const call = (url: string, token: string) => createUserClient(url, token).get("/chat/rooms");

const expectRefusedEverywhere = async (token: string, code: "unauthorized" | "user_deactivated"): Promise<void> => {
  // Here at once, there within seconds; and a socket is no way in.
  expectRefusal(await call(one.url, token), code);
  await vi.waitFor(async () => expectRefusal(await call(two.url, token), code), soonMs);
  for (const { url } of [one, two]) expect(await refusedSocket(url, token)).toMatchObject({ code });
};

const expectLetInEverywhere = async (token: string): Promise<void> => {
  for (const { url } of [one, two]) {
    expect((await call(url, token)).status).toBe(200);
    using socket = await connectTestSocket(url, token);
    expect(socket.socket.connected).toBe(true);
  }
};

const expectCut = async (sockets: readonly TestSocket[], code: string): Promise<void> => {
  await vi.waitFor(() => expect(sockets.filter(({ socket }) => socket.connected)).toEqual([]), soonMs);
  for (const socket of sockets) expect(socket.of("error")).toEqual([{ message: "Session ended", code }]);
};

const openOnBoth = ({ token }: Pick<TestUser, "token">): Promise<TestSocket[]> =>
  Promise.all([one, two].map(({ url }) => connectTestSocket(url, token)));

describe("B12 a user that is locked out", () => {
  test("B12 REST refuses at once here and within 5 s there, sockets are cut on both; others, and the other tenant's user of this id, go on", async () => {
    const id = `user_${randomUUID()}`;
    const [ann, bo, ofB] = [
      await createTestUser(one, one.a, id),
      await createTestUser(one, one.a),
      await createTestUser(one, one.b, id),
    ];
    const [mine, others] = [await openOnBoth(ann), [...(await openOnBoth(bo)), ...(await openOnBoth(ofB))]];
    await call(two.url, ann.token);
    const before = (await one.a.api.get(`/users/${id}`)).body;
    const locked = await requireUnchanged(one.database.adminUrl, ["b"], () =>
      one.a.api.post(`/users/${id}/deactivate`),
    );
    expect(locked.status).toBe(200);
    expect(locked.body).toEqual({
      ...before,
      deactivatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      updatedAt: locked.body.deactivatedAt,
    });
    await expectRefusedEverywhere(ann.token, "user_deactivated");
    await expectCut(mine, "user_deactivated");
    expect(others.filter(({ socket }) => !socket.connected)).toEqual([]);
    expectRefusal(await one.a.api.post("/auth/token", { userId: id }), "user_not_found");
    for (const { token } of [bo, ofB]) await expectLetInEverywhere(token);
    for (const { socket } of others) socket.disconnect();
  });

  test("B12 doing it again changes nothing", async () => {
    const { id } = await createTestUser(one, one.a);
    const first = await one.a.api.post(`/users/${id}/deactivate`);
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      expect((await one.a.api.post(`/users/${id}/deactivate`)).body).toEqual(first.body);
    });
  });

  test("B12 let in again, it needs new tokens, which work on every gateway at once; the old ones stay dead", async () => {
    const { id, token } = await createTestUser(one, one.a);
    await one.a.api.post(`/users/${id}/deactivate`);
    await expectRefusedEverywhere(token, "user_deactivated");
    const back = await one.a.api.post(`/users/${id}/reactivate`);
    expect(back).toMatchObject({ status: 200, body: { id, deactivatedAt: null } });
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      expect((await one.a.api.post(`/users/${id}/reactivate`)).body).toEqual(back.body);
    });
    // Another gateway may still remember that the user is locked out: the token tells it that this is history.
    await expectLetInEverywhere(await mintToken(one.a.api, id));
    await expectRefusedEverywhere(token, "unauthorized");
  });

  test("B12 sockets that are being let in at that very moment: refused or cut, none stays open", async () => {
    for (let round = 1; round <= 5; round++) {
      const { id, token } = await createTestUser(one, one.a);
      const sockets = Array.from({ length: 20 }, (_, n) => openTestSocket((n % 2 === 0 ? one : two).url, token));
      const ends = sockets.map(
        ({ socket }) =>
          new Promise<void>((resolve) => {
            socket.on("connect_error", () => resolve());
            socket.on("disconnect", () => resolve());
          }),
      );
      await one.a.api.post(`/users/${id}/deactivate`);
      await vi.waitFor(() => Promise.all(ends), soonMs);
      expect(sockets.filter(({ socket }) => socket.connected)).toEqual([]);
    }
  });

  test("B12 an upsert, as backends make before each session, does not let it in again", async () => {
    const { id, token } = await createTestUser(one, one.a);
    await one.a.api.post(`/users/${id}/deactivate`);
    const upserted = await one.a.api.post("/users", { id, username: "Back?" });
    expect(upserted).toMatchObject({ status: 200, body: { deactivatedAt: expect.any(String) } });
    await expectRefusedEverywhere(token, "user_deactivated");
  });

  test("B12 a user that is not there, or is the other tenant's: 404, and nothing happens", async () => {
    const ofB = await createTestUser(one, one.b);
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      for (const id of ["nobody", ofB.id]) {
        expectRefusal(await one.a.api.post(`/users/${id}/deactivate`), "user_not_found");
        expectRefusal(await one.a.api.post(`/users/${id}/reactivate`), "user_not_found");
        expectRefusal(await one.a.api.post("/auth/revoke-sessions", { userId: id }), "user_not_found");
      }
    });
    await expectLetInEverywhere(ofB.token);
  });
});

describe("B13 revoked sessions", () => {
  const revoke = (body: unknown) => one.a.api.post("/auth/revoke-sessions", body);

  test("B13 of a user: tokens of before are refused, their sockets cut, on both gateways; its new ones work, in the same second", async () => {
    const ann = await createTestUser(one, one.a);
    const bo = await createTestUser(one, one.a);
    const old = [ann.token, ...(await Promise.all([1, 2, 3].map(() => mintToken(one.a.api, ann.id))))];
    const [mine, others] = [await openOnBoth(ann), await openOnBoth(bo)];
    const revoked = await revoke({ userId: ann.id });
    expect(revoked).toMatchObject({ status: 200, body: { ok: true } });
    const fresh = await mintToken(one.a.api, ann.id);
    // Opened before the other gateway has heard of it.
    using early = await connectTestSocket(two.url, fresh);
    for (const token of old) await expectRefusedEverywhere(token, "unauthorized");
    await expectCut(mine, "sessions_revoked");
    expect(early.socket.connected).toBe(true);
    await expectLetInEverywhere(fresh);
    expect(others.filter(({ socket }) => !socket.connected)).toEqual([]);
    for (const { socket } of others) socket.disconnect();
  });

  test("B13 100 times minted, revoked, minted: what is minted before is refused, what is minted after works, every time", async () => {
    const { id } = await createTestUser(one, one.a);
    for (let round = 1; round <= 100; round++) {
      const before = await mintToken(one.a.api, id);
      await revoke({ userId: id });
      const after = await mintToken(one.a.api, id);
      expect([(await call(one.url, before)).status, (await call(one.url, after)).status]).toEqual([401, 200]);
    }
  });

  test("B13 of all users of a tenant; not of the other tenant's", async () => {
    const users = [await createTestUser(one, one.a), await createTestUser(one, one.a)];
    const ofB = await createTestUser(one, one.b);
    const mine = (await Promise.all(users.map(openOnBoth))).flat();
    const others = await openOnBoth(ofB);
    await requireUnchanged(one.database.adminUrl, ["b"], async () => {
      expect((await revoke({})).status).toBe(200);
    });
    for (const { token } of users) await expectRefusedEverywhere(token, "unauthorized");
    await expectCut(mine, "sessions_revoked");
    for (const { id } of users) await expectLetInEverywhere(await mintToken(one.a.api, id));
    await expectLetInEverywhere(ofB.token);
    for (const { socket } of others) {
      expect(socket.connected).toBe(true);
      socket.disconnect();
    }
  });

  test("B13 minted before a moment: later ones, and their sockets, stay", async () => {
    const { id, token: early } = await createTestUser(one, one.a);
    // The database's clock, which is this machine's, has gone on by then.
    const issuedBefore = await vi.waitFor(() => {
      const now = new Date(Date.now()).toISOString();
      expect(Date.parse(now)).toBeGreaterThan(issuedAtMsOf(early));
      return now;
    });
    const late = await mintToken(one.a.api, id);
    const [cut, stays] = [await connectTestSocket(two.url, early), await connectTestSocket(two.url, late)];
    expect((await revoke({ userId: id, issuedBefore })).status).toBe(200);
    await expectRefusedEverywhere(early, "unauthorized");
    await expectCut([cut], "sessions_revoked");
    await expectLetInEverywhere(late);
    expect(stays.socket.connected).toBe(true);
    stays.socket.disconnect();
  });

  test("B13 a moment to come is now, and an earlier one takes no revocation back", async () => {
    const { id, token } = await createTestUser(one, one.a);
    await revoke({ userId: id, issuedBefore: "2999-01-01T00:00:00.000Z" });
    await expectRefusedEverywhere(token, "unauthorized");
    const fresh = await mintToken(one.a.api, id);
    await expectLetInEverywhere(fresh);
    await revoke({ userId: id, issuedBefore: "2001-01-01T00:00:00.000Z" });
    await expectRefusedEverywhere(token, "unauthorized");
    await expectLetInEverywhere(fresh);
  });

  test("B13 what is no moment, and no user: 400, and nothing is revoked", async () => {
    const { token } = await createTestUser(one, one.a);
    for (const body of [{ issuedBefore: "yesterday" }, { issuedBefore: 1 }, { userId: "" }, { userId: 1 }, []]) {
      expect((await revoke(body)).body.code).toBe("invalid_request");
    }
    await expectLetInEverywhere(token);
  });

  test("A10 a session token ends no sessions and locks nobody out", async () => {
    const { id, client, token } = await createTestUser(one, one.a);
    for (const [path, body] of [
      ["/auth/revoke-sessions", { userId: id }],
      [`/users/${id}/deactivate`, undefined],
      [`/users/${id}/reactivate`, undefined],
    ] as const) {
      expectRefusal(await client.post(path, body), "api_key_required");
    }
    await expectLetInEverywhere(token);
  });
});

const issuedAtMsOf = (token: string): number =>
  (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { iatms: number }).iatms;
