import * as z from "zod";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Timestamp, nonEmptyText } from "./common.ts";

export const PushProvider = z.enum(["FCM", "ONESIGNAL", "PUSHY", "APNS", "WEBPUSH"]).meta({
  id: "PushProvider",
  description: "Who takes a push to the device; `WEBPUSH` is a browser, whose token is its push subscription as JSON",
});
export type PushProvider = z.infer<typeof PushProvider>;

/** Body of a registration. */
export const DeviceBody = z
  .object({
    provider: PushProvider,
    token: nonEmptyText(limits.deviceTokenCharsMax).meta({
      description:
        "What the provider knows the device by; for `WEBPUSH` the browser's `JSON.stringify(subscription)`, with an https endpoint of a public host",
    }),
    platform: nonEmptyText(32).nullish().meta({ description: "`ios`, `android`, `web` or another name" }),
  })
  .meta({ id: "DeviceBody", description: "A device to be registered", examples: [examples.deviceBody] });
export type DeviceBody = z.infer<typeof DeviceBody>;

/** A device that can be woken by a push. */
export const Device = z
  .object({
    id: z.string(),
    provider: PushProvider,
    token: z.string(),
    platform: z.string().nullable(),
    createdAt: Timestamp,
  })
  .meta({ id: "Device", description: "A device that can be woken by a push", examples: [examples.device] });
export type Device = z.infer<typeof Device>;
