import * as z from "zod";
import { nonEmptyText } from "./common.ts";

const ChatMediaSettings = z.object({
  enabled: z.boolean().default(true).meta({ description: "Whether files can be uploaded" }),
  maxFileSizeBytes: z.int().min(1).max(5_368_709_120).default(10_485_760),
  maxImageSizeBytes: z.int().min(1).max(5_368_709_120).default(5_242_880),
  allowedMimeTypes: z
    .array(nonEmptyText(128))
    .max(100)
    .default(["image/*", "video/*", "audio/*", "application/pdf"])
    .meta({ description: "Media types that may be uploaded; `type/*` allows a family" }),
  presignTtlSeconds: z.int().min(60).max(3600).default(300),
});

const ChatSettings = z.object({
  deletedMessageDisplay: z
    .enum(["placeholder", "hidden"])
    .default("placeholder")
    .meta({ description: "Whether a deleted message leaves a placeholder or nothing" }),
  deletedMessagePlaceholder: z
    .string()
    .max(255)
    .transform((value) => value.trim() || "This message was deleted")
    .default("This message was deleted"),
  media: ChatMediaSettings.prefault({}),
});

const CallSettings = z.object({
  enabled: z.boolean().default(false).meta({ description: "Whether calls can be started; off until a media server is set up" }),
  maxParticipants: z.int().min(2).max(32).default(8),
  defaultType: z.enum(["audio", "video"]).default("video"),
  ringTimeoutSeconds: z.int().min(15).max(120).default(45),
});

/** Settings of a tenant. Unknown keys are kept (contract 12). */
export const TenantSettings = z
  .looseObject({ chat: ChatSettings.prefault({}), calls: CallSettings.prefault({}) })
  .meta({ id: "TenantSettings" });
export type TenantSettings = z.infer<typeof TenantSettings>;

/** Body of `PATCH /tenant/settings`: merged key by key; `null` puts a key back to its default. */
export const SettingsPatch = z.record(z.string().max(64), z.json()).meta({
  id: "SettingsPatch",
  description: "Any part of the settings; `null` puts a key back to its default",
  examples: [{ chat: { deletedMessageDisplay: "hidden" } }],
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
