import { limits as contractLimits } from "@sendsar/protocol/limits";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerMsMax } from "../src/catch-up-machine.ts";
import { Positions } from "../src/positions.ts";
import { limits } from "../src/wire.ts";
import { type Kind, RoomServer, findFaults } from "./room-server.ts";
import { createTestInbox } from "./test-inbox.ts";

const rooms = ["a", "b", "c"];

describe("positions", () => {
  test("[RS1] the most recently used rooms are asked about, the others are reset", () => {
    const { said, inbox } = createTestInbox();
    for (let room = 0; room < limits.resumeRoomsMax + 2; room += 1) inbox.learn(`room-${room}`, room, 0);
    inbox.learn("room-1", 7, 0);
    inbox.up([]);
    const [resetOne, resetOther, resume = ""] = said;
    expect(new Set([resetOne, resetOther])).toEqual(new Set(["reset room-0", "reset room-2"]));
    const asked = JSON.parse(resume.replace("resume ", "")) as Record<string, number>;
    expect(Object.keys(asked)).toHaveLength(limits.resumeRoomsMax);
    expect(asked["room-1"]).toBe(1);
  });

  test("[RS1] the question fits into one frame", () => {
    const { said, inbox } = createTestInbox();
    for (let room = 0; room < limits.resumeRoomsMax; room += 1) inbox.learn(crypto.randomUUID(), 999_999_999_999, 0);
    inbox.up([]);
    const question = JSON.stringify([
      "resume",
      { rooms: JSON.parse(said[0]?.replace("resume ", "") ?? "") as unknown },
    ]);
    expect(question.length).toBeLessThan(contractLimits.socketFrameBytesMax - "42".length);
  });

  test("[RS6] the first reading counts, later ones do not: what lies in between may still be on its way", () => {
    const { said, inbox, hear, answer } = createTestInbox();
    inbox.up([]);
    inbox.learn("a", 5, 1);
    inbox.learn("a", 9, 1);
    hear("a", 6);
    inbox.down();
    inbox.up([]);
    answer();
    expect(said).toEqual(["a6", 'resume {"a":6}']);
  });

  test("[RS6] what an event says goes over a reading that ran ahead of it", () => {
    const positions = new Positions();
    const take = (seq: number) => positions.take({ name: "new-message", roomId: "a", seq, payload: {} });
    expect(positions.learn("A", 10)).toBe(true);
    expect([take(8), take(8), take(9)]).toEqual([true, false, true]);
    expect(positions.of("a")).toBe(10);
    expect([take(11), positions.of("a")]).toEqual([true, 11]);
    positions.forget("a");
    expect([positions.of("a"), take(11)]).toEqual([undefined, false]);
    expect(positions.learn("a", 4)).toBe(true);
    expect(positions.of("a")).toBe(11);
  });

  test("[RS6] a reset forgets the position: the next reading sets it", () => {
    const { said, inbox } = createTestInbox();
    inbox.learn("a", 5, 0);
    inbox.up([]);
    inbox.receive("resumed", { rooms: [{ roomId: "a", reset: true, events: [] }], more: false });
    inbox.learn("a", 500, 1);
    inbox.down();
    inbox.up([]);
    expect(said).toEqual(['resume {"a":5}', "reset a", 'resume {"a":500}']);
  });

  test("[RS7] a first reading that began before the socket is asked about, one that began on it is not", () => {
    const { said, inbox } = createTestInbox();
    const { epoch } = inbox;
    inbox.up([]);
    inbox.learn("a", 5, epoch);
    inbox.learn("b", 5, inbox.epoch);
    expect(said).toEqual(['resume {"a":5}']);
  });

  test("[RS12] a joined room without a position is reset on every socket but the first", () => {
    const { said, inbox } = createTestInbox();
    inbox.up(["a"]);
    inbox.down();
    inbox.up(["a"]);
    expect(said).toEqual(["reset a"]);
  });

  test("the user's removal forgets the room", () => {
    const { said, inbox, hear } = createTestInbox();
    inbox.up([]);
    hear("a", 5);
    inbox.leave("a");
    inbox.down();
    inbox.up([]);
    hear("a", 9);
    expect(said).toEqual(["a5", "a9"]);
  });

  test("an older server does not say where its rooms stand, and nobody is worse off", () => {
    const { said, inbox } = createTestInbox();
    inbox.learn("a", undefined as unknown as number, 0);
    inbox.up([]);
    expect(said).toEqual([]);
  });
});

describe("events", () => {
  test("[RS3] those without a place in an order are not the inbox's", () => {
    const { inbox } = createTestInbox();
    inbox.up([]);
    expect(inbox.receive("typing", { roomId: "a", userId: "bob", isTyping: true })).toBe(false);
    expect(inbox.receive("tenant-presence", undefined)).toBe(false);
  });

  test("[RS4] a message is handed over once by its seq, and once by its id", () => {
    const { said, inbox, hear } = createTestInbox();
    inbox.up([]);
    for (const seq of [1, 2, 1, 2]) hear("a", seq);
    inbox.receive("new-message", { id: "a2", roomId: "a", seq: 3 });
    hear("a", 4);
    expect(said).toEqual(["a1", "a2", "a4"]);
  });

  test("[RS8] what is missing before a live event is asked for before it is handed over", () => {
    const { said, inbox, hear } = createTestInbox();
    inbox.up([]);
    for (const seq of [1, 3, 4]) hear("a", seq);
    const payload = { id: "a2", roomId: "a", seq: 2 };
    inbox.receive("resumed", {
      rooms: [{ roomId: "a", reset: false, events: [{ seq: 2, event: "new-message", payload }] }],
      more: false,
    });
    expect(said).toEqual(["a1", 'resume {"a":1}', "a2", "a3", "a4"]);
  });

  test("[RS9] a server that does not answer in time resets the rooms", async () => {
    const { said, inbox, hear, clock } = createTestInbox();
    inbox.learn("a", 1, 0);
    inbox.up([]);
    hear("a", 3);
    await clock.advance(answerMsMax - 1);
    inbox.receive("resumed", { rooms: [], more: true });
    await clock.advance(answerMsMax - 1);
    expect(said).toEqual(['resume {"a":1}']);
    await clock.advance(1);
    expect(said.slice(1)).toEqual(["reset a", "a3"]);
    expect(clock.pending()).toBe(0);
  });

  test.for([
    ["rate_limited", ["cut"]],
    ["database_unavailable", ["cut"]],
    ["invalid_request", ["reset a"]],
    ["not_found", ["reset a"]],
  ] as const)("[RS10] refused with %s: a reason that passes costs the socket, any other resets", ([code, outcome]) => {
    const { said, inbox } = createTestInbox();
    inbox.learn("a", 1, 0);
    inbox.up([]);
    inbox.refused({ message: "no", code, event: "resume" });
    expect(said.slice(1)).toEqual(outcome);
  });
});

/** A step of the world around an inbox. */
type Command = (server: RoomServer) => void;

const anyRoom = fc.constantFrom(...rooms);
const anyKind = fc.constantFrom<Kind>("message", "message", "message", "update", "update", "change", "newer", "silent");
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(anyRoom, anyKind).map(
      ([room, kind]): Command =>
        (server) =>
          server.commit(room, kind),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 2 })).map(
      ([isOld, times]): Command =>
        (server) =>
          server.arrive(isOld, times),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Command>((server) => server.look()) },
  { weight: 3, arbitrary: fc.constant<Command>((server) => server.answer()) },
  {
    weight: 2,
    arbitrary: fc.boolean().map(
      (overlap): Command =>
        (server) =>
          server.connect(overlap),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Command>((server) => server.drop()) },
  {
    weight: 3,
    arbitrary: anyRoom.map(
      (room): Command =>
        (server) =>
          server.startReading(room),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Command>((server) => server.endReading()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("rate_limited", "invalid_request").map(
      (code): Command =>
        (server) =>
          server.refuse(code),
    ),
  },
);

/** Runs any history and judges it, after every step and at the end. */
const judge = (commands: readonly Command[], eventsMax: number): void => {
  const server = new RoomServer(rooms, eventsMax);
  for (const command of commands) {
    command(server);
    expect(findFaults(server, false)).toEqual([]);
  }
  if (!server.isUp) server.connect(false);
  server.settle();
  expect(findFaults(server, true)).toEqual([]);
};

describe("whatever happens", () => {
  test("[RS5] no hole is silent, nothing comes twice or out of order, and in the end nothing is missing", () => {
    fc.assert(fc.property(fc.array(anyCommand, { maxLength: 80 }), fc.integer({ min: 1, max: 9 }), judge), {
      numRuns: 2000,
    });
  });

  test("the judge finds what is wrong", () => {
    const [message, reset] = ["event", "reset"] as const;
    const told = (...lines: readonly (readonly ["event" | "reset" | "reading", number])[]): string[] => {
      const server = new RoomServer(["a"], 9);
      for (let seq = 1; seq <= 5; seq += 1) server.commit("a", "message");
      server.told.push(...lines.map(([what, seq]) => ({ what, roomId: "a", seq })));
      return findFaults(server, true);
    };
    expect(told([message, 1], [message, 3], [message, 4], [message, 5])).toEqual(["a: 2 is missing before 3"]);
    expect(told([message, 4], [message, 4], [message, 5])).toEqual(["a: 4 comes twice"]);
    expect(told([message, 5], [message, 4])).toEqual(["a: 4 comes after 5"]);
    expect(told(["reading", 3], [message, 4])).toEqual(["a: 5 is missing before 6"]);
    expect(told(["reading", 3])).toHaveLength(2);
    expect(told([message, 1], [reset, 0], [message, 4], [message, 5])).toEqual([]);
    expect(told(["reading", 3], [message, 2], [message, 3], [message, 4], [message, 5])).toEqual([]);
  });
});
