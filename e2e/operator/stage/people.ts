import { createRest } from "../../faults/load/rest.ts";

export interface PeopleOptions {
  readonly origin: string;
  readonly apiKey: string;
  readonly users: number;
  /** Each user is in one room with so many, and nobody talks there. */
  readonly usersPerRoom: number;
}

const connectionsMax = 8;
const sessionSeconds = 7200;

/** Makes users with quiet rooms in a tenant that is there. Answers a token for each. */
export const admitPeople = async ({
  origin,
  apiKey,
  users,
  usersPerRoom,
}: PeopleOptions): Promise<readonly string[]> => {
  const rest = createRest({ origin, credentials: { "x-api-key": apiKey }, connectionsMax, timeoutMs: 60_000 });
  const post = async (path: string, body: object) => {
    const answer = await rest.call("POST", path, body);
    if (answer.status > 201) throw new Error(`unable to POST ${path}; ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  try {
    const ids = Array.from({ length: users }, (_, n) => `quiet-${n + 1}`);
    const rooms = Array.from({ length: Math.ceil(users / usersPerRoom) }, (_, n) => {
      return ids.slice(n * usersPerRoom, (n + 1) * usersPerRoom);
    });
    await Promise.all(
      rooms.map((members, n) =>
        post("/chat/rooms", {
          name: `quiet ${n + 1}`,
          kind: "group",
          participants: members.map((id) => ({ id })),
        }),
      ),
    );
    const sessions = await Promise.all(
      ids.map((userId) => post("/auth/token", { userId, expiresIn: sessionSeconds }) as Promise<{ token: string }>),
    );
    return sessions.map(({ token }) => token);
  } finally {
    rest.close();
  }
};
