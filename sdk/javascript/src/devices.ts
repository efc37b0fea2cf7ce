import type { ChatClient } from "./client.ts";
import type { Device, DeviceBody, DeviceList } from "./wire.ts";

const path = "/users/me/device-tokens";

/**
 * Registers this device of the user for push. The same token again is the same device; a token that another user registered
 * before is that user's no more.
 *
 * @example
 * import { Sendsar, listDevices, registerDevice, unregisterDevice } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * await chat.connect({ userId: "ann", token });
 * const device = await registerDevice(chat, { provider: "FCM", token: "token-of-this-phone", platform: "android" });
 * console.log((await listDevices(chat)).length);
 * await unregisterDevice(chat, device.token);
 * await chat.disconnect();
 */
export const registerDevice = (chat: ChatClient, device: DeviceBody): Promise<Device> =>
  chat.call({ method: "POST", path, body: device, isRepeatable: true });

/** The devices of the user that can be woken by a push. */
export const listDevices = async (chat: ChatClient): Promise<readonly Device[]> =>
  (await chat.call<DeviceList>({ method: "GET", path })).devices;

/** Unregisters a device by its token or by the id of its registration: before the user signs out. One that is not there is fine. */
export const unregisterDevice = async (chat: ChatClient, token: string): Promise<void> => {
  await chat.call({ method: "DELETE", path: `${path}/${encodeURIComponent(token)}` });
};
