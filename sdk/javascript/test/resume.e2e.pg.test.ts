import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createUserClient } from "../../../scripts/testing/client.ts";
import { type TestGateway, type TestPeer, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { type TestUser, createTestRoom, createTestUser } from "../../../scripts/testing/test-user.ts";
import type { Deps } from "../src/deps.ts";
import type { Session } from "../src/sendsar.ts";
import { failureOf } from "./failure-of.ts";
import { startLossyLine } from "./lossy-line.ts";
import { createTestApp, eventually, range } from "./test-app.ts";
import { hurried, hurry } from "./with-gateway-double.ts";

let one: TestGateway;
let two: TestPeer;
/** How far the clock of the gateways is ahead. */
let aheadMs = 0;
beforeAll(async () => {
  one = await startTestGateway({ now: () => new Date(Date.now() + aheadMs) });
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

/** Ann and Bo with a room; Bo is an app behind a line that leads to the first gateway. */
async function startBo() {
  const [ann, bo] = [await createTestUser(one, one.a), await createTestUser(one, one.a)];
  const room = await createTestRoom(one.a, [ann, bo]);
  const line = await startLossyLine(one.url);
  const app = createTestApp({ apiUrl: line.apiUrl, storage: null });
  await app.chat.connect({ userId: bo.id, token: bo.token });
  await app.chat.listRooms();
  const stack = new AsyncDisposableStack();
  stack.use(line);
  stack.use(app);
  return { ann, bo, roomId: room.id as string, line, app, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Sends from both gateways at once, a few at a time, while something happens; answers how many messages it sent. */
async function sendDuring(user: TestUser, roomId: string, happen: () => Promise<void>): Promise<number> {
  let isOver = false;
  const clients = [one.url, two.url].map((url) => createUserClient(url, user.token));
  let count = 0;
  const writers = Array.from({ length: 4 }, async (_, index) => {
    while (!isOver) {
      const body = { senderId: user.id, parts: [{ type: "text", text: `message ${(count += 1)}` }] };
      const answer = await clients[index % 2]?.post(`/chat/rooms/${roomId}/messages`, body);
      expect(answer?.status).toBe(201);
    }
  });
  const sending = Promise.all(writers);
  try {
    await happen();
  } finally {
    isOver = true;
    await sending;
  }
  return count;
}

const send = async (user: TestUser, roomId: string, count: number): Promise<void> => {
  for (let sent = 0; sent < count; sent += 1) expect((await user.send(roomId, `more ${sent}`)).status).toBe(201);
};

const seqsOf = (app: { messagesOf(roomId: string): readonly { seq: number }[] }, roomId: string): number[] =>
  app.messagesOf(roomId).map(({ seq }) => seq);

/** Cuts the line in the middle of the stream, `times` times over, each time after it has come up and told something. */
async function keepCutting({ line, app, roomId }: Given, times: number, before?: () => void): Promise<void> {
  for (let round = 0; round < times; round += 1) {
    const { ups } = app;
    const { length } = app.messagesOf(roomId);
    await eventually(() => expect(app.messagesOf(roomId).length).toBeGreaterThan(length));
    before?.();
    line.cut();
    await eventually(() => expect(app.ups).toBeGreaterThan(ups));
  }
}

type Given = Pick<Awaited<ReturnType<typeof startBo>>, "line" | "app" | "roomId">;

describe("under load", () => {
  test("[RS4] [RS5] a line that is cut again and again: every message once and in order", async () => {
    await using given = await startBo();
    const { ann, roomId, app } = given;
    const count = await sendDuring(ann, roomId, () => keepCutting(given, 12));
    await eventually(() => expect(app.messagesOf(roomId)).toHaveLength(count));
    expect(seqsOf(app, roomId)).toEqual(range(2, count + 1));
    expect(new Set(app.messagesOf(roomId).map(({ id }) => id)).size).toBe(count);
    expect(count).toBeGreaterThan(50);
    expect(app.told.map(({ what }) => what)).not.toContain("reset");
  }, 60_000);

  test("[RS4] [RS5] a line that moves between gateways: every message once and in order", async () => {
    await using given = await startBo();
    const { ann, roomId, line, app } = given;
    const gateways = [two.url, one.url];
    let moves = 0;
    const move = () => line.leadTo(gateways[moves++ % 2] ?? "");
    const count = await sendDuring(ann, roomId, () => keepCutting(given, 8, move));
    await eventually(() => expect(app.messagesOf(roomId)).toHaveLength(count));
    expect(seqsOf(app, roomId)).toEqual(range(2, count + 1));
  }, 60_000);

  test("[RS4] [RS5] a gateway that stops sends its client to another one, and nothing is missed", async () => {
    await using given = await startBo();
    const { ann, roomId, line, app } = given;
    const three = await one.startPeer();
    line.leadTo(three.url);
    line.cut();
    await eventually(() => expect(app.ups).toBe(2));
    const hearMore = (more: number): Promise<void> => {
      const { length } = app.messagesOf(roomId);
      return eventually(() => expect(app.messagesOf(roomId).length).toBeGreaterThan(length + more));
    };
    const count = await sendDuring(ann, roomId, async () => {
      await hearMore(5);
      line.leadTo(two.url);
      await three[Symbol.asyncDispose]();
      await hearMore(5);
    });
    await eventually(() => expect(app.messagesOf(roomId)).toHaveLength(count));
    expect(seqsOf(app, roomId)).toEqual(range(2, count + 1));
    expect(app.told.map(({ what }) => what)).not.toContain("disconnected");
  }, 60_000);
});

describe("what cannot be told", () => {
  test("[RS5] too much was missed: the room is reset, what the app then reads and what comes after leave no hole", async () => {
    await using given = await startBo();
    const { ann, bo, roomId, line, app } = given;
    const quiet = await createTestRoom(one.a, [ann, bo]);
    await ann.send(quiet.id, "heard");
    await eventually(() => expect(app.messagesOf(quiet.id)).toHaveLength(1));
    line.isOffline = true;
    line.cut();
    await eventually(() => expect(app.chat.state).toBe("reconnecting"));
    await Promise.all(range(1, 4).map(() => send(ann, roomId, 51)));
    await ann.send(quiet.id, "missed");
    line.isOffline = false;
    await eventually(() => expect(app.told).toContainEqual({ what: "reset", roomId }));
    await eventually(() => expect(app.messagesOf(quiet.id)).toHaveLength(2));
    const { messages } = await app.chat.getMessages(roomId, { limit: 1 });
    expect(messages[0]?.seq).toBe(205);
    await send(ann, roomId, 2);
    await eventually(() => expect(seqsOf(app, roomId)).toEqual([206, 207]));
    // And the next drop is told from there.
    line.isOffline = true;
    line.cut();
    await eventually(() => expect(app.chat.state).toBe("reconnecting"));
    await send(ann, roomId, 3);
    line.isOffline = false;
    await eventually(() => expect(seqsOf(app, roomId)).toEqual(range(206, 210)));
    expect(app.told.filter(({ what }) => what === "reset")).toHaveLength(1);
  }, 60_000);

  test("[RS5] who was removed while away is told so by a reset, and reads nothing", async () => {
    await using given = await startBo();
    const { bo, roomId, line, app } = given;
    line.isOffline = true;
    line.cut();
    await eventually(() => expect(app.chat.state).toBe("reconnecting"));
    const path = `/chat/rooms/${roomId}/participants/${bo.id}?actorUserId=${given.ann.id}`;
    expect((await one.a.api.call("DELETE", path)).status).toBe(200);
    line.isOffline = false;
    await eventually(() => expect(app.told).toContainEqual({ what: "reset", roomId }));
    expect(await failureOf(app.chat.getMessages(roomId))).toMatchObject({ code: "room_not_found" });
  });

  test("[RS4] a change of the members is missed and told like a message", async () => {
    await using given = await startBo();
    const { ann, roomId, line, app } = given;
    const cem = await createTestUser(one, one.a);
    line.isOffline = true;
    line.cut();
    await eventually(() => expect(app.chat.state).toBe("reconnecting"));
    const body = { userId: cem.id, actorUserId: ann.id };
    expect((await one.a.api.post(`/chat/rooms/${roomId}/participants`, body)).status).toBeLessThan(300);
    await send(ann, roomId, 1);
    line.isOffline = false;
    const ofRoom = () => app.told.filter((told) => told.roomId === roomId).map(({ what, seq }) => [what, seq]);
    await eventually(() => expect(ofRoom().at(-1)).toEqual(["message", 4]));
    expect(ofRoom()).toEqual([
      ["change", 2],
      ["message", 3],
      ["message", 4],
    ]);
  });
});

describe("sessions", () => {
  /** An app of a user whose backend mints a session of a minute whenever it is asked. */
  async function startWithSessions(deps: Partial<Deps> = hurried) {
    const [ann, bo] = [await createTestUser(one, one.a), await createTestUser(one, one.a)];
    const roomId = (await createTestRoom(one.a, [ann, bo])).id as string;
    const tokens: string[] = [];
    const getSession = async (): Promise<Session> => {
      const { body } = await one.a.api.post("/auth/token", { userId: bo.id, expiresIn: 60 });
      tokens.push(body.token);
      // By the app's clock, which may run faster than others.
      const expiresAt = new Date((deps.now ?? Date.now)() + 60_000).toISOString();
      return { token: body.token, expiresAt, apiUrl: `${one.url}/v1`, chatUserId: bo.id };
    };
    const app = createTestApp({ getSession, storage: null }, deps);
    await app.chat.connect();
    await app.chat.listRooms();
    return { ann, roomId, tokens, app, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  }

  test("[CN6] B17 a session that ends in the middle of the connection is renewed, and nothing is missed", async () => {
    await using given = await startWithSessions();
    const { ann, roomId, tokens, app } = given;
    try {
      const count = await sendDuring(ann, roomId, async () => {
        await eventually(() => expect(app.messagesOf(roomId).length).toBeGreaterThan(5));
        // Past the end of the session and its leeway; Ann's own is long enough.
        aheadMs = 125_000;
        await eventually(() => expect(app.ups).toBe(2));
      });
      await eventually(() => expect(app.messagesOf(roomId)).toHaveLength(count));
      expect(seqsOf(app, roomId)).toEqual(range(2, count + 1));
      expect(tokens).toHaveLength(2);
    } finally {
      aheadMs = 0;
    }
  }, 60_000);

  test("[CN9] a socket that is replaced before its session ends misses nothing, and the app sees no drop", async () => {
    // A session of a minute is renewed after 48 s: one here.
    const startMs = Date.now();
    const deps = {
      ...hurry(48, (delayMs) => delayMs > 15_000),
      now: () => startMs + (Date.now() - startMs) * 48,
    };
    await using given = await startWithSessions(deps);
    const { ann, roomId, tokens, app } = given;
    const count = await sendDuring(ann, roomId, () => eventually(() => expect(tokens.length).toBeGreaterThan(3)));
    await eventually(() => expect(app.messagesOf(roomId)).toHaveLength(count));
    expect(seqsOf(app, roomId)).toEqual(range(2, count + 1));
    expect(app.told.map(({ what }) => what).filter((what) => what === "reconnecting")).toEqual([]);
  }, 60_000);

  test("[CN13] C26 a token of somebody else is refused, and the connection ends", async () => {
    const [ann, bo] = [await createTestUser(one, one.a), await createTestUser(one, one.a)];
    await using app = createTestApp({ apiUrl: `${one.url}/v1`, storage: null });
    const error = await failureOf(app.chat.connect({ userId: bo.id, token: ann.token }));
    expect(error).toMatchObject({ message: "Cannot act as another user", code: "cannot_act_as_other_user" });
    expect(app.told).toEqual([{ what: "connecting" }, { what: "disconnected" }]);
  });

  test("a refused join names its room, also when many are asked at once", async () => {
    await using given = await startBo();
    const { ann, bo, app } = given;
    const [own, others] = [await createTestRoom(one.a, [ann, bo]), await createTestRoom(one.a, [ann])];
    const joins = [own, others, given].map((room) => app.chat.joinRoom("roomId" in room ? room.roomId : room.id));
    const [first, second, third] = await Promise.allSettled(joins);
    expect([first?.status, second?.status, third?.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(second).toMatchObject({ reason: { code: "room_not_found" } });
  });
});
