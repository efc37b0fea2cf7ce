import { askGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
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
 * @throws what `askGateway` throws
 */
export const ensureDemoData = async (gateway: Gateway): Promise<void> => {
  await Promise.all(demoUsers.map(({ id, name }) => askGateway(gateway, "/users", { id, username: name })));
  for (const { userIds, messages, ...room } of demoRooms) {
    const participants = userIds.map((id) => ({ id }));
    const { id, lastMessage } = await askGateway<Room>(gateway, "/chat/rooms", { ...room, participants });
    if (lastMessage !== null) continue;
    for (const [index, [senderId, text]] of messages.entries()) {
      const message = { senderId, parts: [{ type: "text", text }], clientMessageId: `demo-${index}` };
      await askGateway(gateway, `/chat/rooms/${id}/messages`, message);
    }
  }
};

/** What is needed of a room in the gateway's answer. */
interface Room {
  readonly id: string;
  readonly lastMessage: object | null;
}

interface DemoRoom {
  readonly externalId: string;
  readonly name?: string;
  readonly userIds: readonly string[];
  readonly messages: readonly (readonly [senderId: string, text: string])[];
}

/** The last one is listed first: it has the newest message. */
const demoRooms: readonly DemoRoom[] = [
  { externalId: "demo:weekend-hike", name: "Weekend hike", userIds: ["ann", "bo", "cleo"], messages: [] },
  {
    externalId: "demo:team-lunch",
    name: "Team lunch",
    userIds: ["ann", "bo", "cleo"],
    messages: [
      ["cleo", "Lunch on Thursday? The noodle place has the big table free."],
      ["bo", "Count me in"],
      ["bo", "12:30?"],
      ["ann", "12:30 works. I’ll bring the new one, she starts that day."],
      ["cleo", "Booked, table for four."],
    ],
  },
  {
    externalId: "dm:ann:bo",
    userIds: ["ann", "bo"],
    messages: [
      ["bo", "Morning! Did the release go out?"],
      ["ann", "It did, ten minutes ago. Quiet so far."],
      ["bo", "Quiet is the best kind. Nice work!"],
    ],
  },
];
