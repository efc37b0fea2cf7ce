import type { TestClient } from "./client.ts";
import type { RequestSubject } from "./every-request.ts";

/** A room with two people and one message by the first of them. */
export interface SeededRoom extends RequestSubject {
  readonly externalId: string;
}

/** Makes users and a room with one message, as the tenant's backend would. Throws when any of it is refused. */
export const seedRoom = async (
  api: TestClient,
  {
    people,
    text = "hello",
    externalId,
  }: { readonly people: readonly [string, string]; readonly text?: string; readonly externalId: string },
): Promise<SeededRoom> => {
  for (const id of people) requireCreated(await api.post("/users", { id, username: `${id} of ${externalId}` }));
  const participants = people.map((id) => ({ id }));
  const room = requireCreated(await api.post("/chat/rooms", { name: "The room", externalId, participants }));
  const [userId] = people;
  const message = requireCreated(
    await api.post(`/chat/rooms/${room.body.id}/messages`, { senderId: userId, parts: [{ type: "text", text }] }),
  );
  return { roomId: room.body.id, messageId: message.body.id, userId, externalId };
};

/** Mints a session token for a user of the tenant. */
export const mintToken = async (api: TestClient, userId: string): Promise<string> => {
  const answer = await api.post("/auth/token", { userId });
  if (answer.status !== 200) throw new Error(`unable to mint a token for ${userId}; ${JSON.stringify(answer.body)}`);
  return answer.body.token;
};

const requireCreated = (answer: Awaited<ReturnType<TestClient["post"]>>) => {
  if (answer.status > 201) throw new Error(`unable to seed a room; ${JSON.stringify(answer.body)}`);
  return answer;
};
