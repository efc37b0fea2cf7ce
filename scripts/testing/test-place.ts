import type { Wire } from "./client.ts";
import type { TestGateway } from "./gateway.ts";
import type { MessageCalls } from "./message-calls.ts";
import { messageCalls } from "./message-calls.ts";
import type { TestUser } from "./test-user.ts";
import { createTestRoom, createTestUser } from "./test-user.ts";

/** A user that can do things with messages. */
export interface TestMember extends TestUser {
  readonly on: MessageCalls;
  /** Sends a text message and answers it. */
  says(roomId: string, text: string, more?: Readonly<Record<string, unknown>>): Promise<Wire>;
}

/** A group that no other test has: its operator, and two members. */
export interface TestPlace {
  readonly roomId: string;
  readonly operator: TestMember;
  readonly ann: TestMember;
  readonly bo: TestMember;
}

export const createTestPlace = async (gateway: TestGateway): Promise<TestPlace> => {
  const [operator, ann, bo] = [
    await createTestMember(gateway),
    await createTestMember(gateway),
    await createTestMember(gateway),
  ];
  const { id: roomId } = await createTestRoom(gateway.a, [operator, ann, bo]);
  return { roomId, operator, ann, bo };
};

/** A user of tenant `a` that no other test has. */
export const createTestMember = async (gateway: TestGateway): Promise<TestMember> => {
  const user = await createTestUser(gateway, gateway.a);
  return {
    ...user,
    on: messageCalls(user.client),
    async says(roomId, text, more) {
      const { status, body } = await user.send(roomId, text, more);
      if (status !== 201) throw new Error(`unable to send a test message; ${JSON.stringify(body)}`);
      return body;
    },
  };
};
