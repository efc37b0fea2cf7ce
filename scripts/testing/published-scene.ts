import { randomUUID } from "node:crypto";
import type { Wire } from "./client.ts";
import type { TestGateway, TestPeer } from "./gateway.ts";
import { startTestGateway } from "./gateway.ts";
import type { TestGatewayOptions } from "./gateway.ts";
import type { PublishedClient } from "./published-client.ts";
import { connectPublishedClient } from "./published-client.ts";
import { createTestRoom, createTestUser } from "./test-user.ts";

/** Two gateways over one database. */
export interface TwoGateways extends AsyncDisposable {
  readonly one: TestGateway;
  readonly two: TestPeer;
  /** Base of the REST calls of each, as integrators configure it. */
  readonly apiUrls: readonly [string, string];
}

export const startTwoGateways = async (options: TestGatewayOptions = {}): Promise<TwoGateways> => {
  const one = await startTestGateway(options);
  const two = await one.startPeer();
  return {
    one,
    two,
    apiUrls: [`${one.url}/v1`, `${two.url}/v1`],
    [Symbol.asyncDispose]: () => one[Symbol.asyncDispose](),
  };
};

/** A room of published clients that nobody else is in. */
export interface PublishedScene extends Disposable {
  readonly room: Wire;
  /** Path of the room. */
  readonly path: string;
  /** The first one, operator where the room is a group, at the first gateway. */
  readonly ann: PublishedClient;
  /** Another one, at the second gateway. */
  readonly bo: PublishedClient;
  /** A third one at the second gateway, in the same room. */
  readonly cy: PublishedClient;
}

/** Makes the room and connects its people. They open no room, so what reaches them does not depend on `join-room`. */
export const createPublishedScene = async (
  { one, apiUrls }: TwoGateways,
  more: Readonly<Record<string, unknown>> = {},
): Promise<PublishedScene> => {
  const users = await Promise.all(
    ["ann", "bo", "cy"].map((name) => createTestUser(one, one.a, `${name}_${randomUUID()}`)),
  );
  const room = await createTestRoom(one.a, users, more);
  const stack = new DisposableStack();
  const connect = async (index: number, apiUrl: string) => {
    const { id, token } = users[index] as (typeof users)[number];
    return stack.use(await connectPublishedClient(apiUrl, { token, userId: id }));
  };
  const [first, second] = apiUrls;
  const [ann, bo, cy] = [await connect(0, first), await connect(1, second), await connect(2, second)];
  return { room, path: `/chat/rooms/${room.id}`, ann, bo, cy, [Symbol.dispose]: () => stack.dispose() };
};

/** Parts of a text message. */
export const text = (value: string) => [{ type: "text", text: value }];
