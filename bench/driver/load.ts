import type { Group } from "./group.ts";
import { createHttpConnection } from "./http-connection.ts";
import type { SendOne } from "./lane.ts";
import { createLane } from "./lane.ts";
import type { Latencies } from "./latencies.ts";
import { createLatencies } from "./latencies.ts";
import type { LoadAnswer, LoadCommand, RoomTarget } from "./protocol.ts";
import { sendAtRate } from "./open-loop.ts";

/** What a load has counted so far. */
interface Tally {
  acked: number;
  failed: number;
  firstFailure: string;
  deliveries: number;
  readonly ack: Latencies;
  readonly samePod: Latencies;
  readonly otherPod: Latencies;
}

/** Milliseconds without an arrival after which what has not come is lost. */
const quietMs = 5000;

/** Runs a load to its end: until everything has arrived, or nothing more comes. */
export const runLoad = async (group: Group, command: LoadCommand): Promise<LoadAnswer> => {
  const tally: Tally = {
    ...{ acked: 0, failed: 0, firstFailure: "", deliveries: 0 },
    ...{ ack: createLatencies(), samePod: createLatencies(), otherPod: createLatencies() },
  };
  /** Through which gateway a message went, by when it was meant to be sent. */
  const podOf = new Map<string, number>();
  const timed = command.shape.kind === "open";
  const waitingFor = new Map<string, { left: number; readonly done: () => void }>();
  /** Arrivals that came before the answer to the sender. */
  const earlyBirds = new Map<string, number>();

  group.onDelivery = ({ pod, wasPaused }, { roomId, seq, sentAt }) => {
    tally.deliveries++;
    if (wasPaused) return;
    if (timed) {
      const through = podOf.get(sentAt.toFixed(3));
      const latencies = through === undefined || through === pod ? tally.samePod : tally.otherPod;
      if (!Number.isNaN(sentAt)) latencies.add(performance.now() - sentAt);
    } else if (command.shape.kind === "window") {
      const key = `${roomId}/${seq}`;
      const waiting = waitingFor.get(key);
      if (!waiting) earlyBirds.set(key, (earlyBirds.get(key) ?? 0) + 1);
      else if (--waiting.left <= 0) {
        waitingFor.delete(key);
        waiting.done();
      }
    }
  };

  const send: SendOne = async (lane, sentAt) => {
    const room = roomAt(command.rooms, lane.turn++);
    const sender = room.senderIds[lane.turn % room.senderIds.length] ?? "";
    if (timed) podOf.set(sentAt.toFixed(3), lane.target.pod);
    const path = `/v1/chat/rooms/${room.roomId}/messages`;
    const body = `{"senderId":"${sender}","parts":[{"type":"text","text":"${textOf(sentAt, command.textChars)}"}]}`;
    const answer = await lane.connection.post(path, room.headers, body).catch((error: unknown) => {
      if (!command.faults) throw error;
      lane.connection = createHttpConnection(lane.target.url);
      return { status: 0, body: String(error) };
    });
    if (answer.status !== 201) {
      if (!command.faults) throw new Error(`unable to send; ${answer.status} ${answer.body.slice(0, 200)}`);
      tally.failed++;
      tally.firstFailure ||= `${answer.status} ${answer.body}`;
      return undefined;
    }
    tally.acked++;
    tally.ack.add(performance.now() - sentAt);
    const seq = Number(/"seq":(\d+)/.exec(answer.body)?.[1]);
    group.heads.set(room.roomId, Math.max(group.heads.get(room.roomId) ?? 0, seq));
    if (command.shape.kind === "window") await allArrived(`${room.roomId}/${seq}`, group.membersOf(room.roomId));
    return seq;
  };
  const allArrived = (key: string, members: number): Promise<void> | undefined => {
    const left = members - (earlyBirds.get(key) ?? 0);
    earlyBirds.delete(key);
    if (left <= 0) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const lost = setTimeout(() => resolve(), quietMs);
    waitingFor.set(key, {
      left,
      done: () => {
        clearTimeout(lost);
        resolve();
      },
    });
    return promise;
  };

  const startedAt = performance.now();
  if (command.shape.kind === "open") await sendAtRate(command, command.shape.perSecond, send);
  else await sendInTurn(command, send);
  const sendMs = performance.now() - startedAt;
  await group.settle(quietMs);
  const allMs = performance.now() - startedAt;
  group.onDelivery = undefined;
  const { acked, failed, firstFailure, deliveries, ack, samePod, otherPod } = tally;
  return {
    ...{ acked, failed, firstFailure, deliveries, sendMs, allMs, violations: group.audit() },
    ...{ ack: ack.summary(), samePod: samePod.summary(), otherPod: otherPod.summary() },
  };
};

/** Every lane sends when its last message is done with, until the time is over. */
const sendInTurn = async (command: LoadCommand, send: SendOne): Promise<void> => {
  const { shape, ms } = command;
  const lanes = shape.kind === "closed" ? shape.senders : shape.kind === "window" ? shape.lanes : 0;
  const deadline = performance.now() + ms;
  const work = async (index: number): Promise<void> => {
    const lane = createLane(command, index, lanes);
    while (performance.now() < deadline) await send(lane, performance.now());
    lane.connection.close();
  };
  await Promise.all(Array.from({ length: lanes }, (_, index) => work(index)));
};

const roomAt = (rooms: readonly RoomTarget[], turn: number): RoomTarget => {
  const room = rooms[turn % rooms.length];
  if (!room) throw new Error("unable to send; there is no room");
  return room;
};

/** The text of a message: when it was meant to be sent, and dots. */
const textOf = (sentAt: number, chars: number): string => `t=${sentAt.toFixed(3)} `.padEnd(chars, ".");
