import { describe, expect, test, vi } from "vitest";
import { type Deps, realDeps } from "../src/deps.ts";
import { changesOf, statesOf } from "./changes-of.ts";
import { failureOf } from "./failure-of.ts";
import { toMessage } from "./test-message.ts";
import { hurried, hurry, withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();
const tokens = () => given.gateway.handshakes.map(({ token }) => token);

async function connectAnn(deps: Partial<Deps> = hurried) {
  const chat = given.createClient(deps);
  const changes = changesOf(chat);
  await chat.connect({ userId: "ann", token: "ann" });
  return { chat, changes };
}

describe("after a drop", () => {
  test("connects again, joins its rooms again, and events go on", async () => {
    const { chat, changes } = await connectAnn();
    await chat.joinRoom("r1");
    await chat.joinRoom("r2");
    chat.leaveRoom("r2");
    const heard: number[] = [];
    chat.on("new-message", ({ seq }) => heard.push(seq));
    given.gateway.emit("new-message", toMessage(1, "r1", "bob"));
    await vi.waitFor(() => expect(heard).toEqual([1]));
    given.gateway.events.length = 0;

    given.gateway.dropTransports();
    await vi.waitFor(() =>
      expect(given.gateway.events).toMatchObject([{ name: "join-room", payload: { roomId: "r1" } }]),
    );
    expect(statesOf(changes)).toEqual(["connecting", "connected", "reconnecting", "connected"]);
    expect(changes[2]?.reason).toBe("transport close");
    given.gateway.emit("new-message", toMessage(1, "r1", "bob"));
    given.gateway.emit("new-message", toMessage(2, "r1", "bob"));
    await vi.waitFor(() => expect(heard).toEqual([1, 2]));
  });

  test("says that the user types again: the server took it back for the old socket", async () => {
    const { chat } = await connectAnn();
    const typing = chat.typing("r1");
    typing.keystroke();
    await vi.waitFor(() => expect(given.gateway.events).toHaveLength(1));
    const isBack = new Promise<void>((resolve) => {
      chat.on("connection", ({ state }) => {
        if (state === "reconnecting") typing.keystroke();
        if (state === "connected") resolve();
      });
    });
    given.gateway.dropTransports();
    await isBack;
    typing.keystroke();
    await vi.waitFor(() => expect(given.gateway.events).toHaveLength(2));
    expect(given.gateway.events.map(({ payload }) => payload)).toEqual(
      Array(2).fill({ roomId: "r1", userId: "ann", isTyping: true }),
    );
  });

  test("keeps trying while the server is away", async () => {
    const { chat, changes } = await connectAnn();
    await given.gateway.stop();
    await vi.waitFor(() => expect(chat.state).toBe("reconnecting"));
    const calls: number[] = [];
    const again = chat.connect({ userId: "ann", token: "ann" }).then(() => calls.push(1));
    await given.gateway.start();
    await vi.waitFor(() => expect(chat.state).toBe("connected"), 5000);
    await again;
    expect(calls).toEqual([1]);
    expect(new Set(statesOf(changes).slice(2))).toEqual(new Set(["reconnecting", "connected"]));
  });

  test("connects again when the server cuts it, and says why it was cut", async () => {
    const { chat, changes } = await connectAnn();
    for (const socket of given.gateway.sockets()) {
      socket.emit("error", { message: "This server is shutting down, try again", code: "shutting_down" });
      socket.disconnect(true);
    }
    await vi.waitFor(() => expect(statesOf(changes)).toEqual(["connecting", "connected", "reconnecting", "connected"]));
    expect(changes[2]?.reason).toBe("This server is shutting down, try again");
    expect(chat.presence.isOnline("ann")).toBe(true);
  });

  test.for(["the network returns", "connect is called"])("[CN11] tries again at once when %s", async (occasion) => {
    const online: { return?: () => void } = {};
    const { chat } = await connectAnn({
      // A delay that the test would not live to see.
      setTimer: (callback, delayMs) => realDeps.setTimer(callback, delayMs * 1000),
      onOnline: (callback) => {
        online.return = callback;
        return () => delete online.return;
      },
    });
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(chat.state).toBe("reconnecting"));
    if (occasion === "connect is called") await chat.connect({ userId: "ann", token: "ann" });
    else online.return?.();
    await vi.waitFor(() => expect(chat.state).toBe("connected"));
    await chat.disconnect();
    expect(online.return).toBeUndefined();
  });

  test("ends when the token is not accepted any more and the app brought it", async () => {
    const { chat, changes } = await connectAnn();
    given.gateway.badTokens.add("ann");
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(chat.state).toBe("disconnected"));
    expect(changes.at(-1)?.reason).toBe("Missing, expired or invalid credential");
    expect(await failureOf(chat.joinRoom("r1"))).toMatchObject({ code: "not_connected" });
    await chat.connect({ userId: "ann", token: "ann:2" });
    expect(tokens()).toEqual(["ann", "ann", "ann:2"]);
  });

  test("takes a busy server's refusal as a reason to come again", async () => {
    const { chat } = await connectAnn();
    given.gateway.refusal = {
      message: "The database does not answer, try again shortly",
      code: "database_unavailable",
    };
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(given.gateway.handshakes.length).toBeGreaterThan(2));
    given.gateway.refusal = undefined;
    await vi.waitFor(() => expect(chat.state).toBe("connected"));
  });

  test("[CN5] waits longer each time, also when sockets open but do not last", async () => {
    const delaysMs: number[] = [];
    const { chat } = await connectAnn({
      random: () => 0,
      setTimer: (callback, delayMs) => {
        if (delayMs < 10_000) delaysMs.push(delayMs);
        return realDeps.setTimer(callback, delayMs / 100);
      },
    });
    for (let round = 1; round <= 4; round += 1) {
      given.gateway.dropTransports();
      await vi.waitFor(() => expect(delaysMs).toHaveLength(round));
      await vi.waitFor(() => expect(chat.state).toBe("connected"));
    }
    expect(delaysMs).toEqual([500, 1000, 2000, 2500]);
  });
});

describe("the first connect", () => {
  test("[CN7] waits for a server that is not there yet, up to its limit", async () => {
    await given.gateway.stop();
    const chat = given.createClient(hurry(20));
    const changes = changesOf(chat);
    const error = await failureOf(chat.connect({ userId: "ann", token: "ann" }));
    expect(error).toMatchObject({ code: "timeout" });
    expect(error.message).toMatch(/^unable to connect; not connected within 30 s \(.+\)$/);
    expect(statesOf(changes)).toEqual(["connecting", "disconnected"]);
    await given.gateway.start();
    await chat.connect({ userId: "ann", token: "ann" });
    expect(chat.state).toBe("connected");
  });

  test("gives one try up when the server takes the socket and does not admit it", async () => {
    const chat = given.createClient(hurry(8));
    given.gateway.isMute = true;
    const connecting = chat.connect({ userId: "ann", token: "ann" });
    await vi.waitFor(() => expect(given.gateway.handshakes).toHaveLength(2), 5000);
    given.gateway.isMute = false;
    await connecting;
  });
});
