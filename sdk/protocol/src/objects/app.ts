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

/** Credentials of a push provider: given once, never answered. What else the object holds is dropped. */
const credentials = <T extends z.ZodType>(shape: T, description: string, example: z.input<NoInfer<T>>) =>
  shape
    .refine(
      (value) => encoder.encode(JSON.stringify(value)).length <= limits.appSecretBytesMax,
      `must be at most ${limits.appSecretBytesMax} bytes`,
    )
    .nullish()
    .meta({ description: `${description}; null removes it. Never answered`, examples: [example] });

const Secret = nonEmptyText(limits.appSecretBytesMax);

/** The host to which the private key is proved must be Google's, or the key would be proved to anybody. */
const isGoogleTokenUri = (value: string): boolean =>
  /^https:\/\/(?:[a-z0-9-]+\.)+googleapis\.com\/[\w./-]*$/.test(value) && URL.canParse(value);

const FcmConfig = z.object({
  type: z.literal("service_account"),
  project_id: z.string().regex(/^[a-z][a-z0-9.:-]{4,62}[a-z0-9]$/, "must be a Google project id"),
  private_key_id: nonEmptyText(255).optional(),
  private_key: Secret.meta({ description: "RSA key in PEM" }),
  client_email: z
    .string()
    .max(320)
    .regex(/^[^@\s]+@(?:[a-z0-9.-]+\.)?gserviceaccount\.com$/, "must be the address of a Google service account"),
  client_id: nonEmptyText(255).optional(),
  token_uri: nonEmptyText(limits.urlCharsMax).refine(isGoogleTokenUri, "must be https on googleapis.com"),
  universe_domain: z.literal("googleapis.com").optional(),
});
export type FcmConfig = z.infer<typeof FcmConfig>;

const appleId = (what: string) => z.string().regex(/^[A-Z0-9]{10}$/, `must be the 10 characters of a ${what} id`);

const ApnsConfig = z.object({
  keyId: appleId("key"),
  teamId: appleId("team"),
  bundleId: z
    .string()
    .max(255)
    .regex(/^[A-Za-z0-9.-]+$/, "must be letters, digits, `-` and `.`"),
  key: Secret.meta({ description: "P-256 key in PEM: the `.p8` file" }),
});
export type ApnsConfig = z.infer<typeof ApnsConfig>;

const WebPushConfig = z.object({
  subject: nonEmptyText(limits.urlCharsMax)
    .refine(
      (value) => /^(mailto:[^@\s]+@[^@\s]+|https:\/\/\S+)$/.test(value) && URL.canParse(value),
      "must be a mailto: or https: URL",
    )
    .meta({ description: "Where the push service reaches you" }),
  publicKey: Secret.meta({ description: "P-256 point, 65 bytes in base64url" }),
  privateKey: Secret.meta({ description: "The key that belongs to it, 32 bytes in base64url" }),
});
export type WebPushConfig = z.infer<typeof WebPushConfig>;

const OneSignalConfig = z
  .object({
    appId: nonEmptyText(255).optional(),
    restApiKey: nonEmptyText(1024).optional(),
    app_id: nonEmptyText(255).optional().meta({ description: "Older name of `appId`" }),
    rest_api_key: nonEmptyText(1024).optional().meta({ description: "Older name of `restApiKey`" }),
  })
  .refine((config) => (config.appId ?? config.app_id) !== undefined, { message: "is required", path: ["appId"] })
  .refine((config) => (config.restApiKey ?? config.rest_api_key) !== undefined, {
    message: "is required",
    path: ["restApiKey"],
  });
export type OneSignalConfig = z.infer<typeof OneSignalConfig>;

const PushyConfig = z.object({ apiKey: nonEmptyText(1024) });
export type PushyConfig = z.infer<typeof PushyConfig>;

const secrets = {
  oneSignalConfig: credentials(OneSignalConfig, "OneSignal's app id and REST key", {
    appId: "5eb5a37e-b458-11e3-ac11-000c2940e62c",
    restApiKey: "…",
  }),
  fcmConfig: credentials(FcmConfig, "Key file of a Firebase service account", {
    type: "service_account",
    project_id: "acme-chat",
    private_key: "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n",
    client_email: "push@acme-chat.iam.gserviceaccount.com",
    token_uri: "https://oauth2.googleapis.com/token",
  }),
  pushyConfig: credentials(PushyConfig, "Pushy's secret API key", { apiKey: "…" }),
  apnsConfig: credentials(ApnsConfig, "Apple's key for token-based connections", {
    keyId: "ABC123DEFG",
    teamId: "DEF123GHIJ",
    bundleId: "com.acme.chat",
    key: "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n",
  }),
  webPushConfig: credentials(WebPushConfig, "VAPID keys of your site", {
    subject: "mailto:ops@acme.example",
    publicKey: "…",
    privateKey: "…",
  }),
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
