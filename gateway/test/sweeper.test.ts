import { describe, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import type { ChatServer, ChatSocket } from "../src/realtime/io.ts";
import { startSweeper, toLeavingTime } from "../src/realtime/sweeper.ts";

/** A socket as far as the sweeper looks at it, with a connection that is as slow as a test makes it. */
interface SocketDouble {
  /** Bytes that the system has not taken. */
  bytes: number;
  /** Packets that wait before the transport. */
  waiting: string[];
  readonly ended: readonly string[];
}

const startAt = Date.UTC(2026, 0, 1);
const seconds = (ms: number): number => ms / 1000;

const createScene = (transport: "websocket" | "polling" = "websocket") => {
  const timers = createTestTimers();
  let now = startAt;
  const sockets = new Map<string, ChatSocket>();
  const add = (expiresAt = seconds(startAt) + 3600, leavesAtMs = Infinity): SocketDouble => {
    const ended: string[] = [];
    const double = { bytes: 0, waiting: [] as string[], ended };
    const end = (how: string) => (): void => {
      ended.push(how);
      sockets.delete(id);
    };
    const id = `s${sockets.size}`;
    const webSocket = {
      get bufferedAmount() {
        return double.bytes;
      },
      terminate: end("cut"),
    };
    const conn = {
      get writeBuffer() {
        return double.waiting.map((data) => ({ data }));
      },
      transport: { name: transport, ...(transport === "websocket" && { socket: webSocket }) },
      close: end("closed"),
    };
    sockets.set(id, { data: { expiresAt, leavesAtMs, tenantId: "a" }, conn, disconnect: end("disconnected") } as never);
    return double;
  };
  const told: unknown[] = [];
  const slow: unknown[] = [];
  let aged = 0;
  const sweeper = startSweeper({
    io: { of: () => ({ sockets }) } as unknown as ChatServer,
    fanout: { toSocket: (_socket, event, payload) => void told.push([event, payload]) },
    timers,
    now: () => new Date(now),
    onSlowConsumer: (socket) => slow.push(socket),
    onAged: () => aged++,
  });
  /** Lets whole seconds pass. */
  const pass = (count: number): void => {
    for (let n = 0; n < count; n++) {
      now += 1000;
      timers.advance(1000);
    }
  };
  return { add, pass, told, slow, sweeper, timers, countAged: () => aged };
};

describe("C21 who does not read", () => {
  test("is left alone at the caps, and cut beyond one of them within a second", () => {
    const { add, pass, slow } = createScene();
    const [bytes, packets, ordinary] = [add(), add(), add()];
    bytes.bytes = limits.socketBacklogBytesMax;
    packets.waiting = Array.from({ length: limits.socketBacklogPacketsMax }, () => "");
    pass(1);
    expect([bytes.ended, packets.ended]).toEqual([[], []]);
    bytes.bytes++;
    packets.waiting.push("");
    pass(1);
    expect([bytes.ended, packets.ended, ordinary.ended]).toEqual([["cut"], ["cut"], []]);
    expect(slow).toHaveLength(2);
  });

  test("bytes count wherever they wait, also those of a client that polls", () => {
    const { add, pass } = createScene("polling");
    const polling = add();
    polling.waiting = ["x".repeat(limits.socketBacklogBytesMax)];
    pass(1);
    expect(polling.ended).toEqual([]);
    polling.waiting.push("x");
    pass(1);
    expect(polling.ended).toEqual(["closed"]);
  });

  test("is cut when it takes nothing for ten seconds, however little waits", () => {
    const { add, pass } = createScene();
    const socket = add();
    socket.bytes = 10;
    pass(1 + seconds(limits.socketStalledMsMax));
    expect(socket.ended).toEqual([]);
    pass(1);
    expect(socket.ended).toEqual(["cut"]);
  });

  test("is left alone while it takes something, and begins anew when all is taken", () => {
    const { add, pass } = createScene();
    const [slow, bursty] = [add(), add()];
    for (let left = 100; left > 0; left--) {
      slow.bytes = left;
      bursty.bytes = left % 10 === 0 ? 0 : 5000;
      pass(1);
    }
    expect([slow.ended, bursty.ended]).toEqual([[], []]);
  });
});

describe("B17 whose session is over", () => {
  test("is told and cut, a leeway after the end of its token and not before", () => {
    const { add, pass, told, slow } = createScene();
    const socket = add(seconds(startAt) + 5);
    pass(5 + limits.sessionLeewaySeconds);
    expect([socket.ended, told]).toEqual([[], []]);
    pass(1);
    expect(socket.ended).toEqual(["disconnected"]);
    expect(told).toEqual([["error", { message: "Session expired", code: "token_expired" }]]);
    expect(slow).toEqual([]);
  });
});

test("§2.7 connection age: who has stayed for long enough is sent away to come back, and not told off", () => {
  const { add, pass, told, slow, countAged } = createScene();
  const [old, young] = [add(undefined, startAt + 5000), add(undefined, startAt + 60_000)];
  pass(5);
  expect([old.ended, countAged()]).toEqual([[], 0]);
  pass(1);
  expect([old.ended, young.ended, countAged()]).toEqual([["closed"], [], 1]);
  expect([told, slow]).toEqual([[], []]);
});

test("§2.7 connection age: ± 10 %, and without one nobody ever goes", () => {
  expect([0, 0.5, 1].map((random) => toLeavingTime(1000, 60_000, () => random))).toEqual([55_000, 61_000, 67_000]);
  expect(toLeavingTime(1000)).toBe(Infinity);
});

test("after the stop no timer runs", () => {
  const { sweeper, timers } = createScene();
  expect(timers.running).toEqual([1000]);
  sweeper.stop();
  expect(timers.running).toEqual([]);
});
