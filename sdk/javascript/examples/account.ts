import { type ChatClient, getRateLimits, listDevices, registerDevice, unregisterDevice } from "../src/sendsar.ts";

/** Push. */
export async function usePush(chat: ChatClient, token: string): Promise<void> {
  // docs:start(devices)
  await registerDevice(chat, { provider: "FCM", token, platform: "web" });
  console.log(`${(await listDevices(chat)).length} devices`);
  await unregisterDevice(chat, token); // before the user signs out
  // docs:end(devices)
}

/** Rate limits. */
export async function showRateLimits(chat: ChatClient): Promise<void> {
  // docs:start(rate-limits)
  for (const { action, scope, remaining, limit } of await getRateLimits(chat)) {
    console.log(`${action} of ${scope}: ${remaining} of ${limit} left`);
  }
  // docs:end(rate-limits)
}
