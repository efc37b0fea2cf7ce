import type { RoomDetail, Sendsar } from "@sendsar/server-sdk";
import type { LoggedInUser } from "./session-route.ts";

/** The only users that can log in to the demo. */
export const demoUsers: readonly LoggedInUser[] = [
  { id: "ann", name: "Ann Lindqvist" },
  { id: "bo", name: "Bo Tanaka" },
  { id: "cleo", name: "Cleo Marchetti" },
];

/**
 * Creates the demo users, rooms and first messages, where they are missing. Safe to repeat and to race: a room is
 * found by its `externalId`, a message by its `clientMessageId`.
 *
 * @throws {SendsarError}
 */
export const ensureDemoData = async (sendsar: Sendsar): Promise<void> => {
  await Promise.all(demoUsers.map(({ id, name }) => sendsar.users.upsert({ id, username: name })));
  for (const { ensure, messages } of demoRooms) {
    const { id, lastMessage } = await ensure(sendsar);
    if (lastMessage !== null) continue;
    for (const [index, [senderId, text]] of messages.entries()) {
      await sendsar.messages.send(id, { senderId, text, clientMessageId: `demo-${index}` });
    }
  }
};

const everybody = demoUsers.map(({ id }) => id);

interface DemoRoom {
  readonly ensure: (sendsar: Sendsar) => Promise<RoomDetail>;
  readonly messages: readonly (readonly [senderId: string, text: string])[];
}

/** The last one is listed first: it has the newest message. */
const demoRooms: readonly DemoRoom[] = [
  {
    ensure: ({ rooms }) => rooms.ensureGroup("demo:weekend-hike", { name: "Weekend hike", participants: everybody }),
    messages: [],
  },
  {
    ensure: ({ rooms }) => rooms.ensureGroup("demo:team-lunch", { name: "Team lunch", participants: everybody }),
    messages: [
      ["cleo", "Lunch on Thursday? The noodle place has the big table free."],
      ["bo", "Count me in"],
      ["bo", "12:30?"],
      ["ann", "12:30 works. I’ll bring the new one, she starts that day."],
      ["cleo", "Booked, table for four."],
    ],
  },
  {
    ensure: ({ rooms }) => rooms.ensureDirect("ann", "bo"),
    messages: [
      ["bo", "Morning! Did the release go out?"],
      ["ann", "It did, ten minutes ago. Quiet so far."],
      ["bo", "Quiet is the best kind. Nice work!"],
    ],
  },
];
