import fc from "fast-check";
import type { Break } from "../rest/breaks.ts";
import { breakValue, breaks } from "../rest/breaks.ts";

/** Ids that there are, for packets that get as far as one of a client. */
export interface PacketIds {
  readonly roomId: string;
  readonly foreignRoomId: string;
  readonly userId: string;
  readonly token: string;
}

/** What is sent at a time: mostly one frame, at times a binary one that belongs to it. */
export type Frames = readonly (string | Uint8Array<ArrayBuffer>)[];

/** Frames that are not bound to a run yet. */
export type PlannedPacket = (ids: PacketIds) => Frames;

/**
 * Packets of the protocol of Engine.IO 4 and Socket.IO 5, as clients send them, with one thing or another changed: in the
 * payload, in the letters of the frame, or in what kind of frame it is.
 */
export const packets = (): fc.Arbitrary<PlannedPacket> =>
  fc.oneof(
    { weight: 7, arbitrary: fc.tuple(events, breaks).map(breakEvent) },
    { weight: 3, arbitrary: fc.tuple(events, edits).map(editEvent) },
    { weight: 1, arbitrary: fc.constantFrom(...control).map((text) => (ids: PacketIds) => [bind(text, ids)]) },
    { weight: 1, arbitrary: binary },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 40 }).map((text) => () => [text.toWellFormed()]) },
  );

type Event = readonly [name: string, ...payload: unknown[]];

const room = fc.constantFrom("{room}", "{room}", "{room}", "{foreign}", "0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11");
const user = fc.constantFrom("{user}", "{user}", "bo", "nobody");

const events: fc.Arbitrary<Event> = fc.oneof(
  fc.tuple(fc.constant("join-room"), fc.record({ roomId: room, userId: user }, { requiredKeys: ["roomId"] })),
  fc.tuple(fc.constant("leave-room"), fc.oneof(room, fc.record({ roomId: room }))),
  fc.tuple(fc.constant("typing"), fc.record({ roomId: room, isTyping: fc.boolean() })),
  fc.tuple(
    fc.constant("resume"),
    fc.array(fc.tuple(room, fc.nat(20)), { maxLength: 3 }).map((rooms) => ({ rooms: Object.fromEntries(rooms) })),
  ),
  fc.tuple(fc.constantFrom("new-message", "error", "connect", "__proto__", "send-message", "*"), fc.jsonValue()),
);

/** What stands in braces is put in when the packet is sent. */
const bind = (text: string, { roomId, foreignRoomId, userId, token }: PacketIds): string =>
  text
    .replaceAll("{room}", roomId)
    .replaceAll("{foreign}", foreignRoomId)
    .replaceAll("{user}", userId)
    .replaceAll("{token}", token);

const breakEvent =
  ([event, list]: readonly [Event, readonly Break[]]): PlannedPacket =>
  (ids) => [bind(`42${JSON.stringify(list.reduce<unknown>(breakValue, event))}`, ids)];

interface Edit {
  readonly at: number;
  readonly how: "put" | "insert" | "cut" | "repeat" | "end";
  readonly letter: string;
}

const edits = fc.array(
  fc.record({
    at: fc.nat(400),
    how: fc.constantFrom("put" as const, "insert" as const, "cut" as const, "repeat" as const, "end" as const),
    letter: fc.oneof(
      fc.constantFrom(
        ...'0123456789-/,[]{}":\\ \u0000\n'.split(""),
        "\ud800",
        "🙂",
        "51-",
        '{"_placeholder":true,"num":0}',
        "9".repeat(30),
      ),
      fc.string({ unit: "binary", minLength: 1, maxLength: 2 }),
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

const editEvent =
  ([event, list]: readonly [Event, readonly Edit[]]): PlannedPacket =>
  (ids) => [list.reduce(edit, bind(`42${JSON.stringify(event)}`, ids)).toWellFormed()];

const edit = (text: string, { at, how, letter }: Edit): string => {
  const place = at % Math.max(1, text.length);
  const [before, after] = [text.slice(0, place), text.slice(place)];
  if (how === "put") return before + letter + after.slice(1);
  if (how === "insert") return before + letter + after;
  if (how === "cut") return before + after.slice(3);
  if (how === "repeat") return before + after + after;
  return before;
};

const control = [
  ...[
    "2",
    "3",
    "3probe",
    "2probe",
    "5",
    "6",
    "1",
    "",
    "4",
    "40",
    "40{}",
    '40{"token":"{token}"}',
    '40{"token":1}',
    "41",
    "43",
    "44",
  ],
  ...[
    "40/admin,",
    "40/x?token=1,{}",
    '42/admin,["join-room",{}]',
    "41/admin,",
    "43[]",
    '431["x"]',
    '44{"message":"x"}',
    "45",
    "46",
  ],
  ...[
    "47",
    "49",
    "400",
    "42[]",
    "42{}",
    "42null",
    '42"x"',
    "42[null]",
    "42[1]",
    '420["leave-room","{room}"]',
    "42[[]]",
    "42,[]",
  ],
  ...[
    '4299999999999999999["join-room",{}]',
    '42["join-room"]',
    `42["${"x".repeat(10_000)}"]`,
    `42${"[".repeat(20_000)}`,
  ],
  ...[
    `42["x",${"[".repeat(10_000)}${"]".repeat(10_000)}]`,
    `42["x",{"a":"${"\\u0000".repeat(100)}"}]`,
    `40/${"x".repeat(9000)},`,
  ],
  ...['42["typing",{"roomId":"{room}","isTyping":true}]', "b", "bAAAA", "\u001e", "2\u001e2", "0", '0{"sid":"x"}'],
];

const bytes = fc.uint8Array({ maxLength: 64 }).map((value) => new Uint8Array(value));

const binary: fc.Arbitrary<PlannedPacket> = fc
  .tuple(fc.constantFrom("", "450-", "451-", "452-", "4511-", "451000000-", "45-1-", "461-", "45x-"), bytes)
  .map(([head, attachment]) => ({ roomId }) => {
    if (head === "") return [attachment];
    return [`${head}["join-room",{"roomId":"${roomId}","x":{"_placeholder":true,"num":0}}]`, attachment];
  });
