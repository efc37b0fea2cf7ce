import * as z from "zod";
import { examples } from "../examples.ts";
import { nonEmptyText } from "./common.ts";

const ChatMediaSettings = z.looseObject({
  enabled: z.boolean().default(true).meta({ description: "Whether files can be uploaded" }),
  maxFileSizeBytes: z
    .int()
    .min(1)
    .max(5_368_709_120)
    .default(10_485_760)
    .meta({ description: "Bytes of one file that is not an image" }),
  maxImageSizeBytes: z.int().min(1).max(5_368_709_120).default(5_242_880).meta({ description: "Bytes of one image" }),
  allowedMimeTypes: z
    .array(nonEmptyText(128))
    .max(100)
    .default(["image/*", "video/*", "audio/*", "application/pdf"])
    .meta({ description: "Media types that may be uploaded; `type/*` allows a family" }),
  presignTtlSeconds: z
    .int()
    .min(60)
    .max(3600)
    .default(300)
    .meta({ description: "Seconds for which the address of an upload is valid" }),
});

const ChatSettings = z.looseObject({
  deletedMessageDisplay: z
    .enum(["placeholder", "hidden"])
    .default("placeholder")
    .meta({ description: "Whether a deleted message leaves a placeholder or nothing" }),
  deletedMessagePlaceholder: z
    .string()
    .max(255)
    .overwrite((value) => value.trim() || "This message was deleted")
    .default("This message was deleted")
    .meta({ description: "Text of the placeholder; blank puts it back to the default" }),
  media: ChatMediaSettings.prefault({}),
});

const CallSettings = z.looseObject({
  enabled: z
    .boolean()
    .default(false)
    .meta({ description: "Whether calls can be started; off until a media server is set up" }),
  maxParticipants: z.int().min(2).max(32).default(8).meta({ description: "People in one call" }),
  defaultType: z.enum(["audio", "video"]).default("video").meta({ description: "Type of a call that names none" }),
  ringTimeoutSeconds: z
    .int()
    .min(15)
    .max(120)
    .default(45)
    .meta({ description: "Seconds before an unanswered call is missed" }),
});

/** Settings of a tenant. Unknown keys are kept, at every level (contract 12). */
export const TenantSettings = z
  .looseObject({ chat: ChatSettings.prefault({}), calls: CallSettings.prefault({}) })
  .meta({
    id: "TenantSettings",
    description: "All settings of the tenant, defaults filled in; keys that the server does not know are kept",
  });
export type TenantSettings = z.infer<typeof TenantSettings>;

/** Body of `PATCH /tenant/settings`: merged key by key; `null` puts a key back to its default. */
export const SettingsPatch = z.record(z.string().max(64), z.json()).meta({
  id: "SettingsPatch",
  description: "Any part of the settings; `null` puts a key back to its default",
  examples: [examples.settingsPatch],
});

/** Facts about the tenant that look like settings and are not: naming one is refused, so that nobody believes it worked. */
export const reservedSettingKeys: readonly string[] = [
  "id",
  "tenantId",
  "name",
  "slug",
  "plan",
  "status",
  "limits",
  "quotas",
  "keys",
  "apiKey",
  "secretKey",
  "webhookSecret",
];
