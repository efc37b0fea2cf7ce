import * as z from "zod";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Timestamp, nonEmptyText } from "./common.ts";

/** The code of an app, as it is made: what users name may be anything. */
export const NewAppCode = nonEmptyText(limits.appCodeCharsMax)
  .regex(/^[a-z0-9][a-z0-9_-]*$/, "must be lower-case letters, digits, `-` and `_`")
  .meta({ description: "Lower-case letters, digits, `-` and `_`", examples: ["driver-app"] });

export const PushPayloadType = z.enum(["FULL", "DATA"]).meta({
  id: "PushPayloadType",
  description: "`FULL` shows a preview of the message, `DATA` carries ids only",
});

const encoder = new TextEncoder();

/** Credentials of a push provider: given once, never answered. */
const providerSecret = (description: string) =>
  z
    .record(z.string(), z.json())
    .refine(
      (value) => encoder.encode(JSON.stringify(value)).length <= limits.appSecretBytesMax,
      `must be at most ${limits.appSecretBytesMax} bytes`,
    )
    .nullish()
    .meta({ description: `${description}; null removes it. Never answered`, examples: [{ key: "…" }] });

const secrets = {
  oneSignalConfig: z
    .object({ appId: nonEmptyText(255), restApiKey: nonEmptyText(1024) })
    .nullish()
    .meta({
      description: "OneSignal's app id and REST key; null removes them. Never answered",
      examples: [{ appId: "5eb5a37e-b458-11e3-ac11-000c2940e62c", restApiKey: "…" }],
    }),
  fcmConfig: providerSecret("Firebase service account"),
  pushyConfig: providerSecret("Pushy's `{ apiKey }`"),
  apnsConfig: providerSecret("Apple's `{ keyId, teamId, bundleId, key }`"),
  webPushConfig: providerSecret("VAPID `{ subject, publicKey, privateKey }`"),
};

const AppName = nonEmptyText(limits.appNameCharsMax).meta({ description: "Name for people" });

/** Body of `POST /tenant-apps`. */
export const CreateAppBody = z
  .object({ appCode: NewAppCode, name: AppName.nullish(), pushPayloadType: PushPayloadType.nullish(), ...secrets })
  .meta({ id: "CreateAppBody", description: "An app to be made", examples: [examples.createAppBody] });
export type CreateAppBody = z.infer<typeof CreateAppBody>;

/** Body of `PATCH /tenant-apps/:appCode`. */
export const UpdateAppBody = z
  .object({ name: AppName.nullish(), pushPayloadType: PushPayloadType.nullish(), ...secrets })
  .meta({
    id: "UpdateAppBody",
    description: "What to change of an app; what is left out stays",
    examples: [examples.updateAppBody],
  });
export type UpdateAppBody = z.infer<typeof UpdateAppBody>;

/** An app of a tenant: which push credentials its users' devices are reached with. */
export const App = z
  .object({
    appCode: z.string(),
    name: z.string(),
    pushPayloadType: PushPayloadType,
    hasOneSignal: z.boolean(),
    hasFcm: z.boolean(),
    hasPushy: z.boolean(),
    hasApns: z.boolean(),
    hasWebPush: z.boolean(),
    isDefault: z
      .boolean()
      .meta({ description: "True for `default`, which users without an app of their own go through" }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({
    id: "App",
    description: "An app of the tenant: which push credentials its users' devices are reached with",
    examples: [examples.app],
  });
export type App = z.infer<typeof App>;
