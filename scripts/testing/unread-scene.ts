import type { TestAnswer, TestClient } from "./client.ts";
import { createTestClient, createUserClient } from "./client.ts";
import type { TestGateway, TestPeer } from "./gateway.ts";
import { mintToken } from "./seed-room.ts";
import type { TestUser } from "./test-user.ts";
import { createTestRoom, createTestUser } from "./test-user.ts";

/** Something that one of three users does in one of their two rooms. `device` 3 is the tenant's backend. */
export type UnreadStep =
  | { readonly do: "send" | "clear" | "hide"; readonly who: Who; readonly room: RoomIndex; readonly device: Device }
  | {
      readonly do: "read" | "deliver" | "delete";
      readonly who: Who;
      readonly room: RoomIndex;
      readonly device: Device;
      /** Which message, counted from the first one and round again; undefined: none is named. */
      readonly pick: number | undefined;
    }
  | { readonly do: "leave" | "join"; readonly who: Who; readonly device: Device };

export type Who = 0 | 1 | 2;
/** A group of all three, and a direct room of the first two. */
export type RoomIndex = 0 | 1;
export type Device = 0 | 1 | 2 | 3;

/** Three users, a group and a direct room, made for one run of steps. */
export interface UnreadScene {
  readonly users: readonly [TestUser, TestUser, TestUser];
  readonly roomIds: readonly [group: string, direct: string];
  /** Does it over the wire. `messageId` is what a `pick` stands for. */
  act(step: UnreadStep, messageId: string | undefined): Promise<TestAnswer>;
}

/** Makes one. Each user has three sessions: two with the first gateway and one with the second. */
export const createUnreadScene = async (one: TestGateway, two: TestPeer): Promise<UnreadScene> => {
  const createUser = () => createTestUser(one, one.a);
  const users = await Promise.all([createUser(), createUser(), createUser()]);
  const [first, second, third] = users;
  const { id: group } = await createTestRoom(one.a, [second, first, third]);
  const { id: direct } = await createTestRoom(one.a, [first, second], { kind: "direct" });
  const roomIds = [group, direct] as const;
  const backend = createTestClient(two.url, { "x-api-key": one.a.apiKey });
  const devices: TestClient[][] = [];
  for (const { id } of users) {
    const mint = () => mintToken(one.a.api, id);
    const [a, b, c] = await Promise.all([mint(), mint(), mint()]);
    devices.push([createUserClient(one.url, a), createUserClient(two.url, b), createUserClient(one.url, c), backend]);
  }
  return {
    users,
    roomIds,
    act(step, messageId) {
      const { id: userId } = users[step.who];
      const client = devices[step.who]?.[step.device] ?? backend;
      const room = `/chat/rooms/${roomIds["room" in step ? step.room : 0]}`;
      const id = encodeURIComponent(userId);
      switch (step.do) {
        case "send":
          return client.post(`${room}/messages`, { senderId: userId, parts: [{ type: "text", text: "m" }] });
        case "read":
          return client.post(`${room}/read`, { userId, lastReadMessageId: messageId });
        case "deliver":
          return client.post(`${room}/delivery`, { userId, lastDeliveredMessageId: messageId });
        case "delete":
          return client.call("DELETE", `${room}/messages/${messageId}?userId=${id}`);
        case "clear":
          return client.post(`${room}/clear-history`, { userId });
        case "hide":
          return client.call("DELETE", `${room}/for-me?userId=${id}`);
        case "leave":
          return client.call("DELETE", `${room}/participants/${id}?actorUserId=${id}`);
        case "join":
          return backend.post(`${room}/participants`, { userId });
      }
    },
  };
};
