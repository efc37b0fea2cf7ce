import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { connectPublishedClient } from "../../scripts/testing/published-client.ts";
import type { TwoGateways } from "../../scripts/testing/published-scene.ts";
import { startTwoGateways, text } from "../../scripts/testing/published-scene.ts";

// What the sample backends of the published clients rely on (contract §16): raw fetch with their headers, each call at
// the other one of two gateways over one database than the call before it.

let gateways: TwoGateways;
beforeAll(async () => {
  gateways = await startTwoGateways();
});
afterAll(() => gateways[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(gateways.one), ...loggedFailures(gateways.two)]).toEqual([]);
});

let calls = 0;
/** A call of the backend. Throws unless it succeeds with JSON. */
const call = async (method: string, path: string, body?: unknown): Promise<Wire> => {
  const response = await request(method, path, body);
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return await response.json();
};

const request = (method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(`${gateways.apiUrls[calls++ % 2] as string}${path}`, {
    method,
    headers: { "x-api-key": gateways.one.a.apiKey, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

interface Person {
  readonly id: string;
  readonly username: string;
}

const createPeople = (): readonly [Person, Person, Person] => {
  const run = randomUUID();
  return [
    { id: `ann_${run}`, username: "Ann" },
    { id: `bo_${run}`, username: "Bo" },
    { id: `cy_${run}`, username: "Cy" },
  ];
};

/** The room of two: looked for by its external id, made when it is not there. */
const ensureDirect = async (one: Person, other: Person): Promise<Wire> => {
  const externalId = `dm:${[one.id, other.id].toSorted().join(":")}`;
  const { rooms } = await call("GET", `/chat/rooms?externalId=${encodeURIComponent(externalId)}`);
  return (
    rooms[0] ??
    (await call("POST", "/chat/rooms", {
      externalId,
      customType: "demo_dm",
      participants: [one, other].map((person) => ({ ...person, appCode: "demo" })),
    }))
  );
};

describe("W14 W27 W28 the sample backend", () => {
  test("W14 W27 W28 upsert, mint, settings, a room of two, a group, and both of them used by clients", async () => {
    const [ann, bo, cy] = createPeople();
    // A token for whom nobody has upserted yet: the sample backends upsert on 404, and on nothing else.
    expect((await request("POST", "/auth/token", { userId: ann.id })).status).toBe(404);
    for (const person of [ann, bo]) await call("POST", "/users", { ...person, appCode: "demo" });
    const { token, expiresAt } = await call("POST", "/auth/token", { userId: ann.id, displayName: "Ann" });
    expect(new Date(expiresAt).toISOString()).toBe(expiresAt);
    const { chat } = await call("GET", "/tenant/settings");
    expect(chat.deletedMessageDisplay).toMatch(/^(placeholder|hidden)$/);
    expect(chat.deletedMessagePlaceholder).toMatch(/./);

    const direct = await ensureDirect(ann, bo);
    expect((await ensureDirect(bo, ann)).id).toBe(direct.id);
    expect(direct).toMatchObject({ name: null, customType: "demo_dm", kind: "direct" });
    const group = await call("POST", "/chat/rooms", {
      name: "Lunch",
      externalId: `group:${randomUUID()}`,
      customType: "demo_group",
      metadata: { table: 4 },
      participants: [ann, bo, cy].map((person) => ({ ...person, appCode: "demo" })),
    });
    const roles = group.participants.map(({ userId, role }: Wire) => [userId, role]);
    expect(roles).toEqual([
      [ann.id, "OPERATOR"],
      [bo.id, "MEMBER"],
      [cy.id, "MEMBER"],
    ]);
    const renamed = await call("PATCH", `/chat/rooms/${group.id}`, { name: "Dinner", metadata: { table: 5 } });
    expect(renamed).toMatchObject({ id: group.id, name: "Dinner", metadata: { table: 5 } });

    using client = await connectPublishedClient(gateways.apiUrls[1], { token, userId: ann.id });
    const listed = await client.call("GET", "/chat/rooms?limit=100");
    // The one with the latest activity first: neither has a message yet, and the group was made last.
    expect(listed.rooms.map(({ id }: Wire) => id)).toEqual([group.id, direct.id]);
    const path = `/chat/rooms/${direct.id}/messages`;
    const welcome = await call("POST", path, { senderId: bo.id, parts: text("welcome") });
    expect(await client.socket.next("new-message")).toEqual(welcome);
    const answer = await client.call("POST", path, { senderId: ann.id, parts: text("thanks") });
    const seen = await call("GET", `${path}?viewerId=${bo.id}&limit=1`);
    expect(seen.messages).toEqual([answer]);
  });

  test("W14 fields that the contract does not have are taken and left aside, in every call of a backend", async () => {
    const [ann, bo] = createPeople();
    const more = { appCode: "demo", displayName: "D", noSuchField: [{ deep: null }] };
    const answers = [
      await call("POST", "/users", { ...ann, ...more }),
      await call("POST", "/users", { ...ann, ...more, username: "Ann again" }),
      await call("POST", "/auth/token", { userId: ann.id, ...more }),
    ];
    const room = await call("POST", "/chat/rooms", {
      participants: [ann, bo].map((p) => ({ ...p, ...more })),
      ...more,
    });
    const sent = await call("POST", `/chat/rooms/${room.id}/messages`, { senderId: bo.id, parts: text("hi"), ...more });
    answers.push(room, sent, await call("GET", `/chat/rooms/${room.id}?viewerId=${ann.id}&noSuchField=1`));
    for (const answer of answers) expect(JSON.stringify(answer)).not.toContain("noSuchField");
    expect(answers[1]).toMatchObject({ username: "Ann again", appCode: "demo" });
  });
});

describe("W21 the end of a session", () => {
  test("W21 by default it is far enough away that a client which renews five minutes early does not loop", async () => {
    const [ann] = createPeople();
    await call("POST", "/users", ann);
    for (const expiresIn of [undefined, 3600, 86_400]) {
      const before = Date.now();
      const { expiresAt } = await call("POST", "/auth/token", { userId: ann.id, expiresIn });
      const renewsInMs = Date.parse(expiresAt) - 300_000 - before;
      expect(renewsInMs).toBeGreaterThan((expiresIn ?? 3600) * 1000 - 300_000 - 5000);
      expect(renewsInMs).toBeGreaterThan(0);
    }
  });
});

describe("W27 W28 at both gateways", () => {
  test("W27 minting for a user that was never upserted is 404, not 400 or 401", async () => {
    for (let n = 0; n < 2; n++) {
      const answer = await request("POST", "/auth/token", { userId: `never-${randomUUID()}` });
      expect([answer.status, ((await answer.json()) as Wire).statusCode]).toEqual([404, 404]);
    }
  });

  test("W28 the settings have chat at the top, with both texts, also after each was put back to its default", async () => {
    const defaults = (await call("GET", "/tenant/settings")).chat;
    for (const chat of [
      { deletedMessageDisplay: "hidden", deletedMessagePlaceholder: "Gone" },
      { deletedMessageDisplay: null, deletedMessagePlaceholder: "  " },
    ]) {
      await call("PATCH", "/tenant/settings", { chat });
      for (let n = 0; n < 2; n++) {
        const { deletedMessageDisplay, deletedMessagePlaceholder } = (await call("GET", "/tenant/settings")).chat;
        expect([deletedMessageDisplay, deletedMessagePlaceholder].map((value) => typeof value)).toEqual([
          "string",
          "string",
        ]);
        expect(deletedMessagePlaceholder).not.toBe("");
      }
    }
    expect((await call("GET", "/tenant/settings")).chat).toEqual(defaults);
  });
});
