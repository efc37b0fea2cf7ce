import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { UpEvents } from "@sendsar/protocol/events/up";
import type { TestSocket } from "../../scripts/testing/client.ts";
import { connectTestSocket, refusedSocket } from "../../scripts/testing/client.ts";
import type { ActorName } from "./matrix/actors.ts";
import { actorNames, canary, refusals } from "./matrix/actors.ts";
import type { SocketCaller } from "./matrix/expectations.ts";
import { eventExpectations, readRow, socketCallers } from "./matrix/expectations.ts";
import type { Matrix } from "./matrix/matrix.ts";
import { openMatrix } from "./matrix/matrix.ts";

// Every socket event x every actor, like authorization-matrix.pg.test.ts for routes. Cells take turns on two gateways
// over one database; a member at each of them listens.

let matrix: Matrix;
/** Sockets of RA's members, a1 at the first gateway and a2 at the second. */
let members: readonly [TestSocket, TestSocket];
/** A socket of the other tenant's user with the same id, in a room of its own. */
let neighbour: TestSocket;
beforeAll(async () => {
  matrix = await openMatrix();
  const [one, two] = matrix.urls;
  const open = (url: string, name: ActorName) => connectTestSocket(url, matrix.actorOf(name).socketToken);
  members = [await open(one, "a1"), await open(two, "a2")];
  neighbour = await open(two, "b1");
});
afterAll(async () => {
  for (const { socket } of [...members, neighbour]) socket.disconnect();
  await matrix[Symbol.asyncDispose]();
});

type EventName = keyof UpEvents;
const eventNames = Object.keys(eventExpectations) as EventName[];

/** What a client sends about a room, and the event that answers it where it is served. */
const calls: {
  readonly [E in EventName]: { readonly payload: (roomId: string) => unknown; readonly answer?: string };
} = {
  "join-room": { payload: (roomId) => ({ roomId }), answer: "joined-room" },
  "leave-room": { payload: (roomId) => ({ roomId }), answer: "left-room" },
  typing: { payload: (roomId) => ({ roomId, isTyping: true }) },
  resume: { payload: (roomId) => ({ rooms: { [roomId]: 0 } }), answer: "resumed" },
};

let opened = 0;
const openAs = (name: SocketCaller): Promise<TestSocket> =>
  connectTestSocket(matrix.urls[opened++ % 2] as string, matrix.actorOf(name).socketToken);

/** What a socket is told but for who is online in the tenant, which is not about the room. */
const toldOf = ({ received }: TestSocket) => received.filter(({ event }) => !event.startsWith("tenant-presence"));

/** Sends an event about a room and answers all that came back up to its answer, or its refusal. */
const ask = async (socket: TestSocket, event: EventName, roomId: string, answer: string): Promise<string> => {
  const before = toldOf(socket).length;
  const answers = socket.of(answer).length;
  socket.socket.emit(event, calls[event].payload(roomId));
  await socket.next(answer, () => socket.of(answer).length > answers);
  return JSON.stringify(toldOf(socket).slice(before)).replaceAll(roomId, "the-room");
};

const cellsOf = (event: EventName, wanted: readonly string[]): SocketCaller[] =>
  [...readRow(eventExpectations[event], socketCallers)].flatMap(([caller, word]) =>
    wanted.includes(word) ? [caller] : [],
  );

/** A key, whoever's and however wrong it is, is told that sockets take sessions. */
const refusalOf = (name: ActorName): string =>
  "x-api-key" in matrix.actorOf(name).credential ? "session_required" : refusals[name as keyof typeof refusals];

describe("A11 B01 B03 B06 B07 B12 C01 whoever may not opens no socket, at either gateway", () => {
  const refused = actorNames.filter((name) => !(socketCallers as readonly ActorName[]).includes(name));
  test.each(refused)("%s", async (name) => {
    await matrix.requireNothingChanged(async (cell) => {
      for (const url of matrix.urls) {
        await cell(name, async () => {
          const { code } = await refusedSocket(url, matrix.actorOf(name).socketToken);
          expect(code).toBe(refusalOf(name));
        });
      }
    });
  });
});

describe("C03 C04 C09 a room that is not the actor's: as one that never was, and its members hear nothing", () => {
  test.each(eventNames)("%s", async (event) => {
    await matrix.requireNothingChanged(async (cell) => {
      for (const caller of cellsOf(event, ["hidden", "same"])) {
        await cell(caller, async () => {
          using socket = await openAs(caller);
          const answer = cellsOf(event, ["hidden"]).includes(caller) ? "error" : (calls[event].answer as string);
          const real = await ask(socket, event, matrix.place.roomId, answer);
          expect(real).toBe(await ask(socket, event, randomUUID(), answer));
          expect(real).not.toContain("canary");
          if (answer === "error") expect(real).toContain("room_not_found");
        });
      }
    });
    await expectSilence();
  });
});

describe("C03 whoever may: served", () => {
  test.each(eventNames)("%s", async (event) => {
    for (const caller of cellsOf(event, ["ok"])) {
      using socket = await openAs(caller);
      const { roomId } = matrix.place;
      const { answer } = calls[event];
      if (answer) {
        const told = await ask(socket, event, roomId, answer);
        expect(told).not.toContain('"error"');
        if (event === "resume") expect(told).toContain(canary.room);
      } else {
        socket.socket.emit(event, calls[event].payload(roomId));
        const { userId } = matrix.actorOf(caller);
        const other = members[userId === "a1" ? 1 : 0];
        await other.next("typing", (typing) => typing.userId === userId);
      }
      expect(socket.of("error")).toEqual([]);
    }
    expect(toldOf(neighbour)).toEqual([]);
  });
});

/** Requires that the members have been told nothing but what one of them now sends. */
const expectSilence = async (): Promise<void> => {
  const seen = members.map((member) => toldOf(member).length);
  const { body } = await matrix.ask("a1", "sendMessage", matrix.place);
  const { id } = body as { readonly id: string };
  await vi.waitFor(() => {
    for (const [index, member] of members.entries()) {
      expect(toldOf(member).slice(seen[index])).toMatchObject([{ event: "new-message", payload: { id } }]);
    }
  });
  expect(members.flatMap((member) => toldOf(member)).filter(({ event }) => event !== "new-message")).toEqual([]);
  expect(toldOf(neighbour)).toEqual([]);
};

test("K02 K03 after all of it no log has a secret, no event shows one, and nothing failed", () => {
  matrix.requireQuietLogs();
  const secrets = [...matrix.actors.values()].flatMap(({ socketToken }) => socketToken ?? []);
  const told = JSON.stringify([...members, neighbour].map(({ received }) => received));
  for (const secret of secrets) expect(told).not.toContain(secret);
});
