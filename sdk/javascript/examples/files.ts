import { type ChatClient, getStorage, openFileLinks, uploadFile } from "../src/sendsar.ts";

/** A file on its way. */
export async function sendFile(chat: ChatClient, roomId: string, picture: File): Promise<void> {
  // docs:start(upload)
  const stopping = new AbortController(); // stopping.abort() gives the upload up
  const file = await uploadFile(chat, picture, {
    roomId,
    signal: stopping.signal,
    onProgress: ({ sentBytes, totalBytes }) => console.log(`${Math.round((100 * sentBytes) / totalBytes)} %`),
  });
  await chat.sendMessage(roomId, { files: [file], text: "Look at this" });
  // docs:end(upload)
}

/** Files of messages. */
export async function showFiles(chat: ChatClient, roomId: string): Promise<void> {
  // docs:start(links)
  const links = openFileLinks(chat);
  const { messages } = await chat.getMessages(roomId);
  for (const { parts } of await links.hydrate(messages)) {
    for (const part of parts) if (part.type === "file") console.log(part["filename"], part["accessUrl"]);
  }
  links.close();
  const { bytesUsed, quotaBytes } = await getStorage(chat);
  console.log(`${bytesUsed} of ${quotaBytes} bytes`);
  // docs:end(links)
}
