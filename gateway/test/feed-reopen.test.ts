import { describe, expect, test } from "vitest";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import type { Bus, Doorbell } from "../src/realtime/cluster/bus.ts";
import type { Delivery } from "../src/realtime/delivery.ts";
import { createDeliverer, createDelivery } from "../src/realtime/delivery.ts";
import type { Fanout } from "../src/realtime/fanout.ts";
import type { Feed } from "../src/realtime/feed/feed.ts";
import { createFeed } from "../src/realtime/feed/feed.ts";
import type { Groups } from "../src/realtime/groups.ts";
import type { Presence } from "../src/realtime/presence/presence.ts";
import type { LogEvent } from "../src/store/log.ts";

/** A gateway with one connected user, `x`, and one room with a log. */
interface Scene {
  readonly delivery: Delivery;
  /** Another gateway says that it committed these. */
  ring(seqs: readonly number[]): void;
  /** The log tells what happened since it was last asked. */
  tell(seqs: readonly number[]): Promise<void>;
  /** What x was sent: `joined 2`, `message 3`. */
  readonly sent: readonly string[];
}

const [tenantId, roomId] = ["a", "r"];

const createScene = (log: readonly LogEvent[]): Scene => {
  const sent: string[] = [];
  const members = new Set<string>();
  const timers = createTestTimers();
  /** The latest event that is in the log by now. */
  let committed = 0;
  const send = (what: string): void => void (members.has("x") && sent.push(what));

  const fanoutDouble = {
    message: (_tenantId: string, { seq }: { readonly seq: number }) => send(`message ${seq}`),
    toChannel: (_channel: string, _event: string, { action, seq }: { readonly action: string; readonly seq: number }) =>
      send(`${action} ${seq}`),
  } as unknown as Fanout;
  const groupsDouble = {
    socketIdsOf: (_tenantId: string, userId: string) => (userId === "x" ? ["socket"] : []),
    moveUser(_tenantId: string, userId: string, _roomId: string, into: boolean) {
      if (into && userId === "x") members.add(userId);
      if (into || !members.delete(userId) || members.size > 0) return;
      feed.close(tenantId, roomId);
    },
  } as unknown as Groups;
  const presenceDouble = { closeRoomFor: () => undefined } as unknown as Presence;
  let hear: (doorbells: readonly Doorbell[]) => void = () => undefined;
  const busDouble = { on: (_kind: string, listener: typeof hear) => (hear = listener) } as unknown as Bus;

  const deliver = createDeliverer(fanoutDouble, groupsDouble, presenceDouble, (_tenant, room, seq) => {
    feed.open(tenantId, room, seq);
  });
  const feed: Feed = createFeed({
    timers,
    readLog: (_tenantId, _roomId, afterSeq, limit) =>
      Promise.resolve(log.filter(({ seq }) => seq > afterSeq && seq <= committed).slice(0, limit)),
    deliver,
    onReadError: (error) => {
      throw error;
    },
    onInterest: () => undefined,
  });
  const ringer = { ring: () => undefined, stop: () => undefined };
  const delivery = createDelivery({
    feed,
    groups: groupsDouble,
    bus: busDouble,
    ringer,
    interest: { isWanted: () => true },
  });
  const pick = (seqs: readonly number[]): LogEvent[] => {
    committed = Math.max(committed, ...seqs);
    return log.filter(({ seq }) => seqs.includes(seq));
  };

  return {
    delivery,
    sent,
    ring: (seqs) => hear([[tenantId, roomId, seqs.at(-1) ?? 0, JSON.stringify(pick(seqs))]]),
    async tell(seqs) {
      const changes = pick(seqs).flatMap((event) =>
        event.type === "participants.changed" ? [{ tenantId, roomId, seq: event.seq, change: event.change }] : [],
      );
      const rooms = [{ tenantId, roomId, seq: seqs.at(-1) ?? 0 }];
      delivery.news({ cursor: "", rooms, changes, revocations: [] });
      // The reading that this may have asked for, and its answer.
      timers.advance(20);
      await new Promise(setImmediate);
    },
  };
};

const message = (seq: number): LogEvent =>
  ({ type: "message.created", roomId, seq, message: { roomId, seq } }) as unknown as LogEvent;
const change = (seq: number, action: "joined" | "removed", userId = "x"): LogEvent => ({
  type: "participants.changed",
  roomId,
  seq,
  change: { action, actorUserId: "op", targetUserIds: [userId] },
});

describe("a room whose last member here goes and comes", () => {
  const cameAndWent = [change(2, "joined"), message(3), change(4, "removed"), message(5)];

  test("who was removed is not told everything again when the log tells of its coming", async () => {
    const scene = createScene(cameAndWent);
    for (const seq of [2, 3, 4, 5]) scene.ring([seq]);
    const once = ["joined 2", "message 3", "removed 4"];
    expect(scene.sent).toEqual(once);
    await scene.tell([2, 3, 4, 5]);
    expect(scene.sent).toEqual(once);
  });

  test("what no doorbell told of is delivered when the log tells", async () => {
    const scene = createScene(cameAndWent);
    await scene.tell([2, 3, 4, 5]);
    expect(scene.sent).toEqual(["joined 2", "message 3", "removed 4"]);
  });

  const wentAndCame = [change(2, "joined"), change(3, "removed"), change(4, "joined"), message(5), message(6)];
  const all = ["joined 2", "removed 3", "joined 4", "message 5", "message 6"];

  test("going and coming in one reading of the log leaves the room open", async () => {
    const scene = createScene(wentAndCame);
    scene.ring([2]);
    await scene.tell([3, 4, 5]);
    scene.ring([6]);
    expect(scene.sent).toEqual(all);
  });

  test("going and coming in one doorbell leaves the room open", () => {
    const scene = createScene(wentAndCame);
    scene.ring([2]);
    scene.ring([3, 4, 5]);
    scene.ring([6]);
    expect(scene.sent).toEqual(all);
  });

  test("somebody else's coming in the same reading does not keep the room open", async () => {
    const scene = createScene([change(2, "joined"), change(3, "removed"), change(4, "joined", "y"), message(5)]);
    scene.ring([2]);
    await scene.tell([3, 4, 5]);
    expect(scene.sent).toEqual(["joined 2", "removed 3"]);
  });
});
