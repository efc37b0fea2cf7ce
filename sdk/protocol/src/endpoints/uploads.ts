import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Ok, UserId, nonEmptyText } from "../objects/common.ts";
import { CompletedUpload, MediaType, PresignedUpload, StorageUsage, UploadAccess } from "../objects/upload.ts";

const UploadParams = z.object({
  uploadId: z
    .string()
    .max(limits.pathParamCharsMax)
    .meta({ description: "`id` of the upload", examples: [examples.uploadId] }),
});

export const presignUpload = defineEndpoint({
  method: "POST",
  path: "/chat/uploads/presign",
  auth: "either",
  action: "upload-presign",
  tag: "Uploads",
  summary: "Begin an upload",
  description:
    "Put the bytes to `uploadUrl` with `Content-Type` as the only header, exactly as `mediaType` was given, and exactly `sizeBytes` of them. Then complete the upload and name its id in a `file` part of a message.",
  body: z
    .object({
      filename: nonEmptyText(limits.filenameCharsMax).meta({ description: "Name for people", examples: ["menu.pdf"] }),
      mediaType: MediaType,
      sizeBytes: z.int().min(1).max(limits.uploadBytesMax),
      roomId: nonEmptyText(limits.clientMessageIdCharsMax)
        .nullish()
        .meta({ description: "The room that it is meant for; the caller must be in it" }),
      userId: UserId.nullish().meta({ description: "With an API key: whose upload it is; nobody's when left out" }),
    })
    .meta({ id: "PresignUploadBody", examples: [examples.presignBody] }),
  statuses: [201],
  response: PresignedUpload,
  errors: [
    "room_not_found",
    "user_not_found",
    "cannot_act_as_other_user",
    "room_frozen",
    "uploads_disabled",
    "storage_quota_exceeded",
    "file_too_large",
    "media_type_not_allowed",
    "too_many_uploads",
    "storage_unavailable",
  ],
});

export const completeUpload = defineEndpoint({
  method: "POST",
  path: "/chat/uploads/:uploadId/complete",
  auth: "either",
  action: "write",
  tag: "Uploads",
  summary: "Complete an upload",
  description:
    "Checks that the bytes have arrived, how many, and by their beginning that they are what was announced: `mediaType` is what was found. A file that is something else than was announced, or too large, is refused and removed. Repeating it is fine.",
  msMax: limits.uploadCompleteMsMax,
  params: UploadParams,
  statuses: [200],
  response: CompletedUpload,
  errors: ["upload_not_found", "upload_incomplete", "file_too_large", "media_type_not_allowed", "storage_unavailable"],
});

export const abortUpload = defineEndpoint({
  method: "DELETE",
  path: "/chat/uploads/:uploadId",
  auth: "either",
  action: "write",
  tag: "Uploads",
  summary: "Give an upload up",
  description: "Possible until a message uses the file.",
  params: UploadParams,
  statuses: [200],
  response: Ok,
  errors: ["upload_not_found", "upload_in_use"],
});

export const getUploadAccess = defineEndpoint({
  method: "GET",
  path: "/chat/uploads/:uploadId/access",
  auth: "either",
  action: "read",
  tag: "Uploads",
  summary: "Get a link to a file",
  description: "For participants of a room with a message that has the file, for its uploader, and with an API key.",
  params: UploadParams,
  statuses: [200],
  response: UploadAccess,
  errors: ["upload_not_found", "storage_unavailable"],
});

export const listUploadAccess = defineEndpoint({
  method: "POST",
  path: "/chat/uploads/access",
  auth: "either",
  action: "read",
  tag: "Uploads",
  summary: "Get links to several files",
  description: "Files that are not there, or that the caller may not read, are left out.",
  body: z
    .object({
      uploadIds: z.array(z.string().max(limits.pathParamCharsMax)).max(limits.uploadsAccessMax),
    })
    .meta({ id: "UploadAccessBody", examples: [{ uploadIds: [examples.uploadId] }] }),
  statuses: [200],
  response: z
    .object({ urls: z.array(UploadAccess) })
    .meta({ id: "UploadAccessList", examples: [{ urls: [examples.uploadAccess] }] }),
  errors: ["storage_unavailable"],
});

export const getStorage = defineEndpoint({
  method: "GET",
  path: "/tenant/storage",
  auth: "either",
  action: "read",
  tag: "Uploads",
  summary: "Read what the tenant's files take",
  statuses: [200],
  response: StorageUsage,
  errors: [],
});
