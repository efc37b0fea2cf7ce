import { describe, expect, test, vi } from "vitest";
import type { Deps } from "../src/deps.ts";
import { Sendsar, type Session } from "../src/sendsar.ts";
import { changesOf, statesOf } from "./changes-of.ts";
import { failureOf } from "./failure-of.ts";
import { toMessage } from "./test-message.ts";
import { hurried, hurry, withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();
const tokens = () => given.gateway.handshakes.map(({ token }) => token);

/** A client whose backend gives the tokens ann:1, ann:2, … */
function createSessionClient({ lifeMs = 3_600_000, deps = hurried }: { lifeMs?: number; deps?: Partial<Deps> } = {}) {
  const backend = { calls: 0, error: undefined as Error | undefined, userId: "ann" };
  const getSession = async (): Promise<Session> => {
    backend.calls += 1;
    if (backend.error !== undefined) throw backend.error;
    const expiresAt = new Date((deps.now ?? Date.now)() + lifeMs).toISOString();
    return { token: `ann:${backend.calls}`, expiresAt, apiUrl: given.gateway.apiUrl, chatUserId: backend.userId };
  };
  const chat = given.track(Sendsar.init({ getSession }, deps));
  return { backend, chat, changes: changesOf(chat) };
}

describe("with getSession", () => {
  test("takes user, token and URL from the session", async () => {
    const { chat, backend } = createSessionClient();
    await chat.connect();
    await chat.sendMessage("r1", "hello");
    expect(chat.userId).toBe("ann");
    expect(tokens()).toEqual(["ann:1"]);
    expect(given.gateway.messages[0]).toMatchObject({ senderId: "ann" });
    expect(backend.calls).toBe(1);
    expect(await failureOf(chat.connect({ userId: "bob", token: "bob" }))).toMatchObject({ code: "invalid_options" });
  });

  test.for([401, 503, undefined])(
    "a backend that fails (%s) rejects the first connect at once, in its own words",
    async (status) => {
      const { chat, backend } = createSessionClient();
      backend.error = Object.assign(new Error("not now"), { status });
      expect(await failureOf(chat.connect())).toMatchObject({
        message: "unable to get a session; not now",
        code: "session_unavailable",
        status,
      });
      expect(chat.state).toBe("disconnected");
      expect(backend.calls).toBe(1);
    },
  );

  test("a call that meets 401 renews the session once for all and is repeated", async () => {
    const { chat, backend } = createSessionClient();
    await chat.connect();
    given.gateway.badTokens.add("ann:1");
    await Promise.all([chat.listRooms(), chat.getRoom("r1"), chat.sendMessage("r1", "hello")]);
    expect(backend.calls).toBe(2);
    expect(given.gateway.messages).toHaveLength(1);
  });

  test("a call is not repeated for ever when every token is refused", async () => {
    const { chat, backend } = createSessionClient();
    await chat.connect();
    for (const token of ["ann:1", "ann:2", "ann:3"]) given.gateway.badTokens.add(token);
    expect(await failureOf(chat.listRooms())).toMatchObject({ status: 401 });
    expect([backend.calls, given.gateway.requests.length]).toEqual([2, 2]);
  });

  test("[CN6] a socket that is cut because its session ended comes back with another one", async () => {
    const { chat, changes } = createSessionClient();
    await chat.connect();
    given.gateway.badTokens.add("ann:1");
    for (const socket of given.gateway.sockets()) {
      socket.emit("error", { message: "Session expired", code: "unauthorized" });
      socket.disconnect(true);
    }
    await vi.waitFor(() => expect(statesOf(changes)).toEqual(["connecting", "connected", "reconnecting", "connected"]));
    expect(changes[2]?.reason).toBe("Session expired");
    expect(tokens()).toEqual(["ann:1", "ann:1", "ann:2"]);
  });

  test("[CN9] before a session ends, the next socket stands before the old one goes: no event is missed, none comes twice", async () => {
    // A session of a minute is renewed after 48 s: a second here.
    const deps = { ...hurry(48, (delayMs) => delayMs > 30_000), now: createFastClock(48) };
    const { chat, changes } = createSessionClient({ lifeMs: 60_000, deps });
    const heard: number[] = [];
    chat.on("new-message", ({ seq }) => heard.push(seq));
    await chat.connect();
    await chat.joinRoom("r1");
    const joins = () => given.gateway.events.filter(({ name }) => name === "join-room");
    let sent = 0;
    await vi.waitFor(
      () => {
        given.gateway.emit("new-message", toMessage((sent += 1), "r1", "bob"));
        expect(joins()).toHaveLength(2);
        expect(given.gateway.sockets()).toHaveLength(1);
      },
      { timeout: 10_000, interval: 5 },
    );
    await vi.waitFor(() => expect(heard).toHaveLength(sent));
    expect(heard).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
    expect(tokens()).toEqual(["ann:1", "ann:2"]);
    expect(statesOf(changes)).toEqual(["connecting", "connected"]);
    expect(joins()[1]?.socketId).toBe(given.gateway.sockets()[0]?.id);
  });

  test("[CN9] while two sockets are open, only events with a place in a room's order are heard from the old one", async () => {
    const deps = { ...hurry(48, (delayMs) => delayMs > 30_000), now: createFastClock(48) };
    const { chat } = createSessionClient({ lifeMs: 60_000, deps });
    const heard: string[] = [];
    chat.on("new-message", ({ seq }) => heard.push(`message ${seq}`));
    chat.on("typing", ({ userId }) => heard.push(`${userId} types`));
    await chat.connect();
    await chat.joinRoom("r1");
    // The room is not answered on the next socket, so the old one stays.
    given.gateway.silentRooms.add("r1");
    await vi.waitFor(() => expect(given.gateway.sockets()).toHaveLength(2), 5000);
    const [old, next] = given.gateway.sockets();
    await vi.waitFor(() =>
      expect(given.gateway.events.at(-1)).toMatchObject({ name: "join-room", socketId: next?.id }),
    );
    old?.emit("typing", { roomId: "r1", userId: "bob", isTyping: true });
    old?.emit("new-message", toMessage(1, "r1", "bob"));
    await vi.waitFor(() => expect(heard).toEqual(["message 1"]));
    next?.emit("typing", { roomId: "r1", userId: "cem", isTyping: true });
    await vi.waitFor(() => expect(heard).toEqual(["message 1", "cem types"]));
  });

  test("ends when the backend says that the user may not chat any more", async () => {
    const { chat, changes, backend } = createSessionClient();
    await chat.connect();
    given.gateway.badTokens.add("ann:1");
    backend.error = Object.assign(new Error("signed out"), { status: 403 });
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(chat.state).toBe("disconnected"));
    expect(changes.at(-1)?.reason).toBe("signed out");
  });

  test("keeps trying while the backend is down", async () => {
    const { chat, backend } = createSessionClient();
    await chat.connect();
    given.gateway.badTokens.add("ann:1");
    backend.error = new Error("backend is down");
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(backend.calls).toBeGreaterThan(3));
    backend.error = undefined;
    await vi.waitFor(() => expect(chat.state).toBe("connected"));
  });

  test("ends when the session turns out to be another user's", async () => {
    const { chat, changes, backend } = createSessionClient();
    await chat.connect();
    given.gateway.badTokens.add("ann:1");
    backend.userId = "bob";
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(chat.state).toBe("disconnected"));
    expect(changes.at(-1)?.reason).toBe("it belongs to another user");
    expect(chat.userId).toBe("ann");
  });
});

/** The present time, running `factor` times as fast. */
function createFastClock(factor: number): () => number {
  const startMs = Date.now();
  return () => startMs + (Date.now() - startMs) * factor;
}
