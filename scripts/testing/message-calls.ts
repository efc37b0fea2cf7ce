import type { TestAnswer, TestClient } from "./client.ts";

/** What names a message: any answer that is one does. */
export interface MessageName {
  readonly id: string;
  readonly roomId: string;
}

type More = Readonly<Record<string, unknown>>;

/** What can be done with a message, as a published client calls it. `more` is the acting user, with an API key. */
export interface MessageCalls {
  get(message: MessageName, query?: string): Promise<TestAnswer>;
  edit(message: MessageName, text: string, more?: More): Promise<TestAnswer>;
  remove(message: MessageName, query?: string): Promise<TestAnswer>;
  react(message: MessageName, emoji: string, more?: More): Promise<TestAnswer>;
  pin(message: MessageName, more?: More): Promise<TestAnswer>;
  unpin(message: MessageName, query?: string): Promise<TestAnswer>;
  forward(message: MessageName, targetRoomIds: readonly string[], more?: More): Promise<TestAnswer>;
  pinned(roomId: string, query?: string): Promise<TestAnswer>;
  list(roomId: string, query?: string): Promise<TestAnswer>;
}

export const messageCalls = (client: TestClient): MessageCalls => ({
  get: (message, query = "") => client.get(`${pathOf(message)}?${query}`),
  edit: (message, text, more) => client.patch(pathOf(message), { parts: [{ type: "text", text }], ...more }),
  remove: (message, query = "") => client.call("DELETE", `${pathOf(message)}?${query}`),
  react: (message, emoji, more) => client.post(`${pathOf(message)}/reactions`, { emoji, ...more }),
  pin: (message, more) => client.post(`${pathOf(message)}/pin`, { ...more }),
  unpin: (message, query = "") => client.call("DELETE", `${pathOf(message)}/pin?${query}`),
  forward: (message, targetRoomIds, more) => client.post(`${pathOf(message)}/forward`, { targetRoomIds, ...more }),
  pinned: (roomId, query = "") => client.get(`/chat/rooms/${roomId}/pinned-messages?${query}`),
  list: (roomId, query = "") => client.get(`/chat/rooms/${roomId}/messages?${query}`),
});

const pathOf = ({ roomId, id }: MessageName): string => `/chat/rooms/${roomId}/messages/${id}`;
