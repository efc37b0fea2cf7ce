import { randomUUID } from "node:crypto";
import fc from "fast-check";
import type { TestSocket } from "../../../scripts/testing/client.ts";
import { connectTestSocket } from "../../../scripts/testing/client.ts";
import type { RawSocket } from "../../../scripts/testing/raw-socket.ts";
import { connectRawSocket } from "../../../scripts/testing/raw-socket.ts";
import { mintToken, seedRoom } from "../../../scripts/testing/seed-room.ts";
import type { Stage } from "../stage/stage.ts";
import { judgeSaid } from "./judge-said.ts";
import type { Frames, PacketIds, PlannedPacket } from "./packet.ts";
import { packets as plannedPackets } from "./packet.ts";

/** A run of packets that no client library sends. */
export interface PacketRun {
  readonly packets: number;
  readonly seconds: number;
  /** Sockets that they were sent over. */
  readonly sockets: number;
  /** How many of the packets closed their socket. */
  readonly closed: number;
  /** How many bytes more the gateway holds since it had warmed up. */
  readonly grownBytes: number;
  readonly findings: readonly PacketFinding[];
}

export interface PacketFinding {
  readonly problem: string;
  readonly frames: readonly string[];
}

export interface PacketFuzzOptions {
  readonly packets: number;
  readonly seed: number;
  readonly onProgress?: (sent: number) => void;
}

/** A socket may send 100 events in a second, and each packet is followed by a question. */
const packetsPerSocketMax = 45;
/** Until then the gateway's memory still grows into what it needs to work. */
const warmUpShare = 0.2;
const findingsMax = 20;

/**
 * Sends packets one after the other, a question that is harmless after each, and requires that it is answered or the
 * socket closed, and that nothing is said which the contract does not have. Somebody in the same room must notice nothing.
 * The same seed makes the same packets.
 */
export const fuzzPackets = async (
  stage: Stage,
  { packets, seed, onProgress }: PacketFuzzOptions,
): Promise<PacketRun> => {
  const startedAt = performance.now();
  const { url } = stage.gateway;
  const { ids, bystander } = await enter(stage);
  using witness = bystander;
  const findings: PacketFinding[] = [];
  let socket: RawSocket | undefined;
  let used = 0;
  let sockets = 0;
  let closed = 0;
  let sent = 0;
  let warmBytes = 0;

  const play = async (planned: PlannedPacket): Promise<void> => {
    if (!socket || used++ >= packetsPerSocketMax) {
      socket?.[Symbol.dispose]();
      socket = await connectRawSocket(url, ids.token);
      sockets++;
      used = 1;
    }
    const frames = planned(ids);
    const { isClosed, problems } = await ask(socket, frames, stage.secrets);
    for (const problem of findings.length < findingsMax ? problems : []) {
      findings.push({ problem, frames: frames.map((frame) => JSON.stringify(frame)) });
    }
    if (isClosed) {
      closed++;
      socket = undefined;
    }
    if (++sent === Math.ceil(packets * warmUpShare)) warmBytes = await stage.gateway.heldBytes();
    if (sent % 1000 === 0) onProgress?.(sent);
  };
  await fc.assert(fc.asyncProperty(plannedPackets(), play), { seed, numRuns: packets, endOnFailure: true });
  socket?.[Symbol.dispose]();

  await requireUndisturbed(stage, ids, witness);
  const grownBytes = (await stage.gateway.heldBytes()) - warmBytes;
  return {
    packets: sent,
    seconds: (performance.now() - startedAt) / 1000,
    sockets,
    closed,
    grownBytes,
    findings,
  };
};

const enter = async ({
  own,
  victim,
  gateway,
}: Stage): Promise<{ readonly ids: PacketIds; readonly bystander: TestSocket }> => {
  const [userId, other] = ["fuzzer", "bystander"];
  const { roomId } = await seedRoom(own.api, { people: [userId, other], externalId: `packets-${randomUUID()}` });
  const bystander = await connectTestSocket(gateway.url, await mintToken(own.api, other));
  const ids = { roomId, userId, foreignRoomId: victim.ids.room, token: await mintToken(own.api, userId) };
  return { ids, bystander };
};

/** Sends frames and then asks to leave a room that nobody is in: whoever still serves the socket says so. */
const ask = async (
  socket: RawSocket,
  frames: Frames,
  secrets: readonly string[],
): Promise<{ readonly isClosed: boolean; readonly problems: readonly string[] }> => {
  const from = socket.received.length;
  const question = randomUUID();
  const expected = `42["left-room",{"roomId":"${question}"}]`;
  for (const frame of frames) socket.send(frame);
  socket.send(`42["leave-room","${question}"]`);
  const silence = await Promise.race([
    socket.next((frame) => frame === expected).then(() => undefined, String),
    socket.closed.then(() => undefined),
  ]);
  const said = socket.received.slice(from).filter((frame) => frame !== expected);
  const isClosed = !socket.received.includes(expected);
  const problems = said.map((frame) => judgeSaid(frame, secrets)).filter((problem) => problem !== undefined);
  // A socket that closes ends the wait for an answer, too.
  if (silence !== undefined && !silence.includes("closed before"))
    problems.push(`no answer and not closed: ${silence.slice(0, 300)}`);
  return { isClosed, problems };
};

/** Requires that somebody in the same room is still connected and gets what is sent now. */
const requireUndisturbed = async (
  { own }: Stage,
  { roomId, userId }: PacketIds,
  witness: TestSocket,
): Promise<void> => {
  const parts = [{ type: "text", text: "still there?" }];
  const { body } = await own.api.post(`/chat/rooms/${roomId}/messages`, { senderId: userId, parts });
  await witness.next("new-message", (message) => message.id === body.id);
  if (!witness.socket.connected) throw new Error("unable to go on; the socket of somebody else was closed");
};
