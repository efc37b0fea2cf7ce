import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Ok, UserId, nonEmptyText } from "../objects/common.ts";
import { Device, DeviceBody } from "../objects/device.ts";

const UserParams = z.object({
  userId: UserId.meta({ description: "`id` of the user", examples: [examples.userId] }),
});

const Token = nonEmptyText(limits.pathParamCharsMax).meta({
  description: "The device's token, or the `id` of its registration",
  examples: [examples.device.id],
});

const DeviceList = z
  .object({ devices: z.array(Device) })
  .meta({ id: "DeviceList", examples: [{ devices: [examples.device] }] });

const registering =
  "The same token again is the same device. A token that another user registered before is that user's no more.";

export const registerDevice = defineEndpoint({
  method: "POST",
  path: "/users/me/device-tokens",
  auth: "session",
  action: "write",
  tag: "Devices",
  summary: "Register a device of the caller for push",
  description: registering,
  body: DeviceBody,
  statuses: [201, 200],
  response: Device,
  errors: ["session_required"],
});

export const listDevices = defineEndpoint({
  method: "GET",
  path: "/users/me/device-tokens",
  auth: "session",
  action: "read",
  tag: "Devices",
  summary: "List the caller's devices",
  statuses: [200],
  response: DeviceList,
  errors: ["session_required"],
});

export const unregisterDevice = defineEndpoint({
  method: "DELETE",
  path: "/users/me/device-tokens/:token",
  auth: "session",
  action: "write",
  tag: "Devices",
  summary: "Unregister a device of the caller",
  description: "A token that is not there is fine.",
  params: z.object({ token: Token }),
  statuses: [200],
  response: Ok,
  errors: ["session_required"],
});

export const registerUserDevice = defineEndpoint({
  method: "POST",
  path: "/users/:userId/device-tokens",
  auth: "apiKey",
  action: "write",
  tag: "Devices",
  summary: "Register a device of a user for push",
  description: `${registering} Not for a user whose id is \`me\`: that path is the caller's own.`,
  params: UserParams,
  body: DeviceBody,
  statuses: [201, 200],
  response: Device,
  errors: ["api_key_required", "user_not_found"],
});

export const listUserDevices = defineEndpoint({
  method: "GET",
  path: "/users/:userId/device-tokens",
  auth: "apiKey",
  action: "read",
  tag: "Devices",
  summary: "List a user's devices",
  params: UserParams,
  statuses: [200],
  response: DeviceList,
  errors: ["api_key_required", "user_not_found"],
});

export const unregisterUserDevice = defineEndpoint({
  method: "DELETE",
  path: "/users/:userId/device-tokens/:token",
  auth: "apiKey",
  action: "write",
  tag: "Devices",
  summary: "Unregister a device of a user",
  description: "A token that is not there is fine.",
  params: UserParams.extend({ token: Token }),
  statuses: [200],
  response: Ok,
  errors: ["api_key_required", "user_not_found"],
});
