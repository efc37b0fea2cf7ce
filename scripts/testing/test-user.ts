import { randomUUID } from "node:crypto";
import type { TestAnswer, TestClient, TestSocket, Wire } from "./client.ts";
import { connectTestSocket, createUserClient } from "./client.ts";
import type { TestGateway, TestTenant } from "./gateway.ts";
import { mintToken } from "./seed-room.ts";

/** A user of a tenant with a session. */
export interface TestUser {
  readonly id: string;
  readonly token: string;
  /** Calls as this user. */
  readonly client: TestClient;
  /** Opens one more socket of this user. */
  connect(): Promise<TestSocket>;
  /** Sends a text message. */
  send(roomId: string, text: string, more?: Readonly<Record<string, unknown>>): Promise<TestAnswer>;
}

/** Makes a user that no other test has, unless `id` is given, and signs it in. */
export const createTestUser = async (
  { url }: Pick<TestGateway, "url">,
  { api }: Pick<TestTenant, "api">,
  id = `user_${randomUUID()}`,
): Promise<TestUser> => {
  const upserted = await api.post("/users", { id, username: `Name of ${id}` });
  if (upserted.status > 201) throw new Error(`unable to make a test user; ${JSON.stringify(upserted.body)}`);
  const token = await mintToken(api, id);
  const client = createUserClient(url, token);
  return {
    id,
    token,
    client,
    connect: () => connectTestSocket(url, token),
    send: (roomId, text, more) =>
      client.post(`/chat/rooms/${roomId}/messages`, { senderId: id, parts: [{ type: "text", text }], ...more }),
  };
};

/** Makes a room of these users and answers it as the wire had it. */
export const createTestRoom = async (
  { api }: Pick<TestTenant, "api">,
  users: readonly { readonly id: string }[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<Wire> => {
  const participants = users.map(({ id }) => ({ id }));
  const created = await api.post("/chat/rooms", { name: "A room", participants, ...more });
  if (created.status !== 201) throw new Error(`unable to make a test room; ${JSON.stringify(created.body)}`);
  return created.body;
};
