import type { Message } from "@sendsar/protocol/objects/message";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TestTimers } from "../../scripts/testing/test-timers.ts";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import { newMessage } from "../src/chat/new-message.ts";
import type { Bus, Doorbell, DoorbellRinger } from "../src/realtime/cluster/bus.ts";
import { createDoorbellRinger } from "../src/realtime/cluster/bus.ts";
import type { LogEvent } from "../src/store/log.ts";

const event = (roomId: string, seq: number, text = "t"): LogEvent => ({
  type: "message.created",
  roomId,
  seq,
  message: messageOf(roomId, seq, text),
});

const messageOf = (roomId: string, seq: number, text: string): Message =>
  newMessage({
    id: `m${seq}`,
    roomId,
    seq,
    senderId: "s",
    clientMessageId: null,
    parts: [{ type: "text", text }],
    previewText: null,
    createdAt: "2026-01-01T00:00:00.000Z",
    parentMessageId: null,
    parentMessage: null,
  });

const createScene = () => {
  const timers: TestTimers = createTestTimers();
  const sent: (readonly Doorbell[])[] = [];
  let now = 0;
  const bus: Bus = { send: (_kind, message) => void sent.push(message as readonly Doorbell[]), on: () => undefined };
  const ringer: DoorbellRinger = createDoorbellRinger(bus, timers, () => now);
  const pass = (ms: number): void => {
    now += ms;
    timers.advance(ms);
  };
  return { timers, sent, ringer, pass };
};

describe("doorbells", () => {
  test("a lone message rings at once; what comes within 5 ms rings together, each room once", () => {
    const { sent, ringer, pass } = createScene();
    ringer.ring("a", [event("r", 1)]);
    expect(sent).toHaveLength(1);
    ringer.ring("a", [event("r", 2)]);
    ringer.ring("a", [event("s", 7)]);
    ringer.ring("b", [event("r", 3)]);
    ringer.ring("a", [event("r", 3)]);
    expect(sent).toHaveLength(1);
    pass(5);
    expect(sent).toHaveLength(2);
    expect(sent[1]?.map(([tenantId, roomId, seq]) => [tenantId, roomId, seq])).toEqual([
      ["a", "r", 3],
      ["a", "s", 7],
      ["b", "r", 3],
    ]);
    const [, , , text = ""] = sent[1]?.[0] ?? [];
    expect((JSON.parse(text) as LogEvent[]).map(({ seq }) => seq)).toEqual([2, 3]);
    pass(1000);
    expect(sent).toHaveLength(2);
  });

  test("it says how far the room has come, also when its events come in another order", () => {
    const { sent, ringer } = createScene();
    ringer.ring("a", [event("r", 9, "x".repeat(5000)), event("r", 8)]);
    expect(sent).toEqual([[["a", "r", 9, ""]]]);
  });

  // What the adapter puts around it is about 150 bytes; Postgres takes 7,999.
  test("no message is larger than a notification, whatever is in it and however it is quoted", () => {
    const letter = fc.constantFrom("x", '"', "\\", "\n", "\u0001", "é", "ខ", "👍");
    const texts = fc.tuple(letter, fc.nat({ max: 5000 })).map(([one, count]) => one.repeat(count));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 30 }), texts), { maxLength: 40, size: "max" }), (messages) => {
        const { sent, ringer, pass } = createScene();
        ringer.ring("a", [event("first", 1)]);
        for (const [index, [room, text]] of messages.entries()) ringer.ring("a", [event(`r${room}`, index + 1, text)]);
        pass(5);
        for (const message of sent) expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThanOrEqual(6600);
        const rung = new Map(sent.flat().map(([, roomId, seq]) => [roomId, seq]));
        for (const [index, [room]] of messages.entries()) expect(rung.get(`r${room}`)).toBeGreaterThan(index);
      }),
      { numRuns: 100 },
    );
  });
});
