import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestSocket } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { RawSocket } from "../../scripts/testing/raw-socket.ts";
import { connectRawSocket, openRawSocket } from "../../scripts/testing/raw-socket.ts";
import { expectNoInsides } from "../../scripts/testing/refusals.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

let gateway: TestGateway;
let attacker: TestUser;
let bystander: TestUser;
let roomId: string;
/** Sockets that have nothing to do with what is tried: one of the attacker's own, one of somebody in the same room. */
let bystanders: readonly TestSocket[];
beforeAll(async () => {
  gateway = await startTestGateway();
  [attacker, bystander] = [await createTestUser(gateway, gateway.a), await createTestUser(gateway, gateway.a)];
  ({ id: roomId } = await createTestRoom(gateway.a, [attacker, bystander]));
  bystanders = [await attacker.connect(), await bystander.connect()];
});
afterAll(async () => {
  for (const socket of bystanders) socket.socket.disconnect();
  await gateway[Symbol.asyncDispose]();
});
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

/** Requires that the sockets of others are still connected and get what is sent now, and got nothing odd before. */
const expectOthersUnaffected = async (): Promise<void> => {
  const { body } = await bystander.send(roomId, "still there?");
  for (const socket of bystanders) {
    await socket.next("new-message", (message) => message.id === body.id);
    expect(socket.socket.connected).toBe(true);
    const others = new Set(["tenant-presence-snapshot", "tenant-presence", "new-message", "room-participants-changed"]);
    expect(socket.received.filter(({ event }) => !others.has(event))).toEqual([]);
  }
};

type Outcome = "closed" | "refused" | "ignored";

/**
 * Sends packets and then asks something harmless. Answers what came of the packets; whatever the gateway said besides
 * its answer to the question must be an `error` that shows nothing of the inside.
 */
const outcomeOf = async (raw: RawSocket, packets: readonly (string | Uint8Array<ArrayBuffer>)[]): Promise<Outcome> => {
  const from = raw.received.length;
  const question = randomUUID();
  for (const packet of packets) raw.send(packet);
  raw.send(`42["leave-room","${question}"]`);
  const answered = raw.next((packet) => packet === `42["left-room",{"roomId":"${question}"}]`);
  const closed = await Promise.race([answered.then(() => false), raw.closed.then(() => true)]);
  // Whoever loses the race ends with the connection; its error says what the outcome says.
  answered.catch(() => undefined);
  const said = raw.received
    .slice(from)
    .filter((packet) => !packet.includes(question) && !/^[236]$|^42\["(tenant-|new-m)/.test(packet));
  for (const packet of said) {
    expect(packet).toMatch(/^42\["error",|^44|^41$/);
    expectNoInsides(packet);
  }
  if (closed) return "closed";
  return said.length > 0 ? "refused" : "ignored";
};

const event = (...args: unknown[]): string => `42${JSON.stringify(args)}`;
const join = () => ({ roomId, userId: attacker.id });

/** By name: the packets of one try, and what may come of it. */
const tries: Readonly<
  Record<
    string,
    { readonly packets: () => readonly (string | Uint8Array<ArrayBuffer>)[]; readonly may: readonly Outcome[] }
  >
> = {
  ...Object.fromEntries(
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"].map((name) => [
      `reserved event name ${name}`,
      { packets: () => [event(name, join())], may: ["closed"] as const },
    ]),
  ),
  ...Object.fromEntries(
    [
      "error",
      "__proto__",
      "constructor",
      "toString",
      "hasOwnProperty",
      "prototype",
      "then",
      "*",
      "",
      " join-room",
      "JOIN-ROOM",
      "join-room\u0000",
      "connection",
    ].map((name) => [
      `event name ${JSON.stringify(name)}`,
      { packets: () => [event(name, join())], may: ["refused"] as const },
    ]),
  ),
  "event name of 10 KB": { packets: () => [event("x".repeat(10_240), join())], may: ["refused"] },
  "a number for an event name": { packets: () => [event(7, join())], may: ["refused"] },
  "an object for an event name": { packets: () => [event({ toString: "join-room" }, join())], may: ["closed"] },
  "a list for an event name": { packets: () => [event(["join-room"], join())], may: ["closed"] },
  "null for an event name": { packets: () => [event(null, join())], may: ["closed"] },
  "an event without a name": { packets: () => ["42[]"], may: ["closed"] },
  "an event without a payload": { packets: () => ["42"], may: ["refused"] },
  "an object instead of a list": { packets: () => ['42{"0":"join-room"}'], may: ["closed"] },
  "a text instead of a list": { packets: () => ['42"join-room"'], may: ["closed"] },
  "broken JSON": { packets: () => ['42["join-room",{'], may: ["closed"] },
  "many arguments": { packets: () => [event("join-room", ...Array(500).fill({ roomId: "none" }))], may: ["refused"] },
  "no argument": { packets: () => [event("join-room")], may: ["refused"] },
  "an acknowledgement asked for": { packets: () => [`4299999999999999999999999["x"]`], may: ["refused", "closed"] },
  "acknowledgements of nothing": {
    packets: () => ["430[]", '431["x"]', "43[]", '43999999999999["x"]'],
    may: ["ignored", "closed"],
  },
  "a second CONNECT": { packets: () => [`40{"token":"x"}`], may: ["ignored", "closed", "refused"] },
  "CONNECT_ERROR from a client": { packets: () => ['44{"message":"x"}'], may: ["ignored", "closed"] },
  "an unknown packet type": { packets: () => ['49["join-room"]'], may: ["closed"] },
  "no packet type": { packets: () => ["4"], may: ["closed"] },
  "an event in another namespace": { packets: () => ['42/admin,["join-room",{}]'], may: ["closed", "ignored"] },
  "a namespace of 10 KB": { packets: () => [`40/${"x".repeat(10_240)},`], may: ["refused", "closed"] },
  "leaving another namespace": { packets: () => ["41/admin,"], may: ["ignored", "closed"] },
  "a binary frame out of the blue": { packets: () => [new Uint8Array([1, 2, 3])], may: ["closed"] },
  "a binary event of a known name": {
    packets: () => ['451-["join-room",{"_placeholder":true,"num":0}]', new Uint8Array([1, 2, 3])],
    may: ["refused"],
  },
  "attachments that never come": {
    packets: () => ['459-["join-room",{"_placeholder":true,"num":0}]'],
    may: ["closed"],
  },
  "more attachments than there may be": { packets: () => ['451000000-["x"]'], may: ["closed"] },
  "a negative number of attachments": { packets: () => ['45-1-["x"]'], may: ["closed"] },
  "an attachment number that is none": {
    packets: () => ['451-["x",{"_placeholder":true,"num":"__proto__"}]', new Uint8Array([1])],
    may: ["closed", "refused"],
  },
  "engine packets of other kinds": { packets: () => ["6", "3", "3probe", "2probe"], may: ["ignored", "closed"] },
  "an engine packet that is none": { packets: () => ["9"], may: ["closed"] },
  "an empty engine packet": { packets: () => [""], may: ["closed"] },
};

describe("C16 C18 packets that no client library sends", () => {
  for (const [name, { packets, may }] of Object.entries(tries)) {
    test(`C18 ${name}: ${may.join(" or ")}; others are unaffected`, async () => {
      using raw = await connectRawSocket(gateway.url, attacker.token);
      const outcome = await requireUnchanged(gateway.database.adminUrl, ["a", "b"], () => outcomeOf(raw, packets()));
      expect(may).toContain(outcome);
      await expectOthersUnaffected();
    });
  }

  test("C18 a packet for the namespace, before it was entered, closes the connection", async () => {
    for (const packet of ['42["join-room",{}]', "41", '43["x"]', '44{"message":"x"}']) {
      using raw = await openRawSocket(gateway.url);
      raw.send(packet);
      await raw.closed;
    }
    await expectOthersUnaffected();
  });

  test("C18 a connection that broke off in the middle of a binary event leaves nothing behind for the next", async () => {
    using broken = await connectRawSocket(gateway.url, attacker.token);
    broken.send('451-["join-room",{"_placeholder":true,"num":0}]');
    broken[Symbol.dispose]();
    await broken.closed;
    using next = await connectRawSocket(gateway.url, attacker.token);
    expect(await outcomeOf(next, [event("join-room", { roomId: randomUUID() })])).toBe("refused");
    await expectOthersUnaffected();
  });
});

test("C18 over the client library: every odd name is refused and the socket goes on", async () => {
  using socket = await attacker.connect();
  for (const name of ["error", "__proto__", "constructor", "x".repeat(10_240)]) {
    const before = socket.of("error").length;
    socket.socket.emit(name, join());
    await socket.next("error", () => socket.of("error").length > before);
    expect(socket.of("error").at(-1)).toMatchObject({ message: "Not found", code: "not_found" });
  }
  socket.socket.emit("join-room", join());
  await socket.next("joined-room");
  // Said to the room, and so to nobody else: the others have not opened it.
  await expectOthersUnaffected();
});
