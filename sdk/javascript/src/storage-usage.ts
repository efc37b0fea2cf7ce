import type { ChatClient } from "./client.ts";
import type { StorageUsage } from "./wire.ts";

/**
 * What the files of all users of the tenant take, and how much there is room for.
 *
 * @example
 * import { Sendsar, getStorage } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * await chat.connect({ userId: "ann", token });
 * const { bytesUsed, quotaBytes } = await getStorage(chat);
 * console.log(`${bytesUsed} of ${quotaBytes} bytes`);
 * await chat.disconnect();
 */
export const getStorage = (chat: ChatClient): Promise<StorageUsage> =>
  chat.call({ method: "GET", path: "/tenant/storage" });
