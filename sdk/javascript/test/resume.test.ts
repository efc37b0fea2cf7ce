import { describe, expect, test, vi } from "vitest";
import type { ChatClient } from "../src/client.ts";
import { realDeps } from "../src/deps.ts";
import { toMessage } from "./test-message.ts";
import { hurried, hurry, withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();

/** What the app is told of rooms, from now on. */
function hearRooms(chat: ChatClient): string[] {
  const heard: string[] = [];
  chat.on("new-message", ({ roomId, seq }) => heard.push(`${roomId}: ${seq}`));
  chat.on("room-reset", ({ roomId }) => heard.push(`${roomId}: reset`));
  return heard;
}

/** A client that has heard the first message of a room. */
async function connectAnn(deps = hurried) {
  const chat = await given.connectAs("ann", deps);
  const heard = hearRooms(chat);
  given.gateway.emit("new-message", toMessage(1, "r1", "bob"));
  await vi.waitFor(() => expect(heard).toEqual(["r1: 1"]));
  return { chat, heard };
}

describe("after a drop", () => {
  test("what was missed is handed over once and in order, with what comes live meanwhile", async () => {
    const { heard } = await connectAnn();
    for (const seq of [2, 3]) given.gateway.messages.push(toMessage(seq, "r1", "bob"));
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(given.gateway.resumes).toEqual([{ r1: 1 }]));
    for (const seq of [3, 4]) given.gateway.emit("new-message", toMessage(seq, "r1", "bob"));
    await vi.waitFor(() => expect(heard).toHaveLength(4));
    expect(heard).toEqual(["r1: 1", "r1: 2", "r1: 3", "r1: 4"]);
  });

  test("[RS6] rooms that were read are asked about, from where they were read", async () => {
    const { chat } = await connectAnn();
    const room = { id: "R2", lastSeq: 7 };
    given.gateway.nextAnswers.push(
      { status: 200, body: { rooms: [room, { id: "r3", lastSeq: 3 }], nextCursor: null } },
      { status: 200, body: { id: "r4", lastSeq: 4 } },
      // The page shows what has happened to its messages since they were sent.
      { status: 200, body: { messages: [toMessage(9, "r5", "bob")], nextCursor: "c", lastSeq: 12 } },
      { status: 200, body: { messages: [toMessage(6, "r6", "bob")], nextCursor: null, lastSeq: 6 } },
    );
    await chat.listRooms();
    await chat.getRoom("r4");
    await chat.getMessages("R5");
    await chat.getMessages("r6", { cursor: "c" });
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(given.gateway.resumes).toEqual([{ r1: 1, r2: 7, r3: 3, r4: 4, r5: 12 }]));
  });

  test("[RS7] a reading that began before the socket was in use is asked about", async () => {
    let answerRead = (): void => {};
    const chat = given.createClient({
      ...hurried,
      fetch: async (url, init) => {
        await new Promise<void>((resolve) => (answerRead = resolve));
        return realDeps.fetch(url, init);
      },
    });
    given.gateway.nextAnswers.push({ status: 200, body: { id: "r1", lastSeq: 4 } });
    const connecting = chat.connect({ userId: "ann", token: "ann" });
    const reading = chat.getRoom("r1");
    await connecting;
    answerRead();
    await reading;
    await vi.waitFor(() => expect(given.gateway.resumes).toEqual([{ r1: 4 }]));
  });

  test("[RS6] an own message comes as an event too, also when it was stored while there was no socket", async () => {
    const chat = await given.connectAs("ann", hurry(5));
    const heard = hearRooms(chat);
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(chat.state).toBe("reconnecting"));
    await chat.sendMessage("r1", "hello");
    expect([chat.state, heard]).toEqual(["reconnecting", []]);
    await vi.waitFor(() => expect(heard).toEqual(["r1: 1"]));
    expect(given.gateway.resumes).toEqual([{ r1: 0 }]);
  });

  test("[RS12] a joined room of which nothing is known is reset, once the connection stands again", async () => {
    const chat = await given.connectAs("ann", hurried);
    const heard = hearRooms(chat);
    await chat.joinRoom("r1");
    chat.on("connection", ({ state }) => heard.push(state));
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(heard).toEqual(["reconnecting", "connected", "r1: reset"]));
  });

  test("[RS14] another connect of the same user goes on, another user's and one after a disconnect do not", async () => {
    const { chat } = await connectAnn();
    const connectWithout = async (userId: string, refused: string): Promise<void> => {
      given.gateway.badTokens.add(refused);
      given.gateway.dropTransports();
      await vi.waitFor(() => expect(chat.state).toBe("disconnected"));
      await chat.connect({ userId, token: `${userId}:${given.gateway.handshakes.length}` });
      // Answered after anything that is said on a new socket.
      await chat.joinRoom("r9");
    };
    await connectWithout("ann", "ann");
    expect(given.gateway.resumes).toEqual([{ r1: 1 }]);
    await chat.disconnect();
    await chat.connect({ userId: "ann", token: "ann:again" });
    given.gateway.emit("new-message", toMessage(5, "r2", "bob"));
    await new Promise((resolve) => chat.on("new-message", resolve));
    await connectWithout("bob", "ann:again");
    expect(given.gateway.resumes).toHaveLength(1);
  });

  test("[RS9] a server that does not answer has the rooms reset", async () => {
    given.gateway.isForgetful = true;
    const limited = {
      ...hurried,
      setTimer: (callback: () => void, ms: number) => realDeps.setTimer(callback, ms / 50),
    };
    const { heard } = await connectAnn(limited);
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(heard).toEqual(["r1: 1", "r1: reset"]));
  });
});

describe("events", () => {
  test("[RS13] one that this version does not know takes its place, and is not handed over", async () => {
    const { heard } = await connectAnn();
    given.gateway.emit("reaction-added" as "typing", { roomId: "r1", seq: 2 } as never);
    given.gateway.emit("new-message", toMessage(3, "r1", "bob"));
    await vi.waitFor(() => expect(heard).toEqual(["r1: 1", "r1: 3"]));
    expect(given.gateway.resumes).toEqual([]);
  });

  test("[RS15] after a disconnect in the middle of many nothing is handed over", async () => {
    const { chat, heard } = await connectAnn();
    for (const seq of [2, 3, 4]) given.gateway.messages.push(toMessage(seq, "r1", "bob"));
    chat.on("new-message", ({ seq }) => seq === 3 && void chat.disconnect());
    const ended = new Promise((resolve) => {
      chat.on("connection", ({ state }) => state === "disconnected" && resolve(state));
    });
    given.gateway.dropTransports();
    await ended;
    expect(heard).toEqual(["r1: 1", "r1: 2", "r1: 3"]);
  });

  test("the removal of the user is handed over, and the room is not asked about any more", async () => {
    const { chat, heard } = await connectAnn();
    const removed = { roomId: "r1", action: "removed", actorUserId: "bob", targetUserId: "ann", seq: 2 } as const;
    chat.on("room-participants-changed", ({ action, seq }) => heard.push(`${action} ${seq}`));
    given.gateway.emit("room-participants-changed", removed);
    given.gateway.emit("new-message", toMessage(5, "r2", "bob"));
    await vi.waitFor(() => expect(heard).toEqual(["r1: 1", "removed 2", "r2: 5"]));
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(given.gateway.resumes).toEqual([{ r2: 5 }]));
  });

  test("the answer to a resume is not an event for the app", async () => {
    const { chat } = await connectAnn();
    const heard: unknown[] = [];
    chat.on("resumed" as "typing", (payload) => heard.push(payload));
    given.gateway.dropTransports();
    await vi.waitFor(() => expect(given.gateway.resumes).toHaveLength(1));
    await chat.listRooms();
    expect(heard).toEqual([]);
  });
});

describe("the outbox of a client", () => {
  test("[OB6] a message whose answer was lost is resolved by its event", async () => {
    const chat = await given.connectAs("ann", { ...hurried, fetch: () => new Promise(() => {}) });
    const sent = chat.sendMessage("r1", { text: "hello", clientMessageId: "mine" });
    expect(chat.outbox.entries).toMatchObject([{ clientMessageId: "mine", state: "pending" }]);
    given.gateway.emit("new-message", toMessage(1, "r1", "ann", { clientMessageId: "mine" }));
    expect(await sent).toMatchObject({ seq: 1 });
    expect(chat.outbox.entries).toEqual([]);
  });

  test("[OB15] changes are events, and a message is out of the list before its event is told", async () => {
    const chat = await given.connectAs("ann", hurried);
    const heard: string[] = [];
    chat.on("outbox", ({ entries }) => heard.push(`${entries.length} in the outbox`));
    chat.on("new-message", () => heard.push(`message, ${chat.outbox.entries.length} in the outbox`));
    await chat.sendMessage("r1", "hello");
    await vi.waitFor(() => expect(heard).toHaveLength(3));
    expect(heard[0]).toBe("1 in the outbox");
    expect(heard.at(-1)).toMatch(/0 in the outbox$/);
    expect(heard).toContain("message, 0 in the outbox");
  });

  test("[OB16] a drop does not stop it, and the reconnect hurries it", async () => {
    const chat = await given.connectAs("ann", {
      random: () => 0.5,
      // Tries wait for longer than the test would live; a reconnect does not.
      setTimer: (callback, delayMs) => realDeps.setTimer(callback, delayMs === 500 ? 100_000 : delayMs / 50),
    });
    given.gateway.nextAnswers.push("cut");
    const sent = chat.sendMessage("r1", "hello");
    await vi.waitFor(() => expect(given.gateway.requests).toHaveLength(1));
    given.gateway.dropTransports();
    expect(await sent).toMatchObject({ seq: 1 });
  });
});
