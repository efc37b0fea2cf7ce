import { Sendsar, SendsarError, type ChatClient, sessionRoute } from "../src/sendsar.ts";

/** With a token that the app has from its backend. */
export async function connectWithToken(apiUrl: string, userId: string, token: string): Promise<ChatClient> {
  // docs:start(connect)
  const chat = Sendsar.init({ apiUrl });
  chat.on("connection", ({ state, reason }) => console.log(state, reason ?? ""));
  chat.on("new-message", ({ senderId, previewText }) => console.log(`${senderId}: ${previewText}`));
  await chat.connect({ userId, token });
  // docs:end(connect)
  return chat;
}

/** With a session route of the app's backend. */
export async function connectWithRoute(url: string): Promise<ChatClient> {
  // docs:start(session-route)
  const chat = Sendsar.init({ getSession: sessionRoute(url) });
  await chat.connect();
  // docs:end(session-route)
  return chat;
}

/** What to do with errors. */
export async function handleErrors(chat: ChatClient, roomId: string): Promise<void> {
  // docs:start(errors)
  try {
    await chat.getRoom(roomId);
  } catch (error) {
    if (!(error instanceof SendsarError)) throw error;
    console.log(error.message); // Sendsar /chat/rooms/… failed: 404: Room not found
    if (error.code === "room_not_found") console.log("this room is gone");
    else if (error.retryAfterMs !== undefined) console.log(`try again in ${error.retryAfterMs} ms`);
    for (const { path, message } of error.details) console.log(`${path} ${message}`);
  }
  // docs:end(errors)
}

/** What the client has no method for. */
export async function callAnything(chat: ChatClient, roomId: string): Promise<void> {
  // docs:start(call)
  const path = `/chat/rooms/${encodeURIComponent(roomId)}/pinned-messages`;
  const { messages } = await chat.call<{ messages: object[] }>({ method: "GET", path });
  console.log(`${messages.length} pinned`);
  // docs:end(call)
}
