import * as z from "zod";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Timestamp, nonEmptyText } from "./common.ts";

export const UploadId = z.string().meta({ description: "`id` of the upload", examples: [examples.uploadId] });

/** A media type as RFC 9110 has it, with or without parameters. */
export const MediaType = nonEmptyText(limits.mediaTypeCharsMax)
  // What can stand in a header, as it will in the client's `PUT`.
  .regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?: *;[ -~]*)?$/, "must be a media type such as `image/png`")
  .meta({ description: "Media type of the file; its parameters do not count", examples: ["application/pdf"] });

/** Where to put the bytes of a file: one `PUT` with the media type as its only header. */
export const PresignedUpload = z
  .object({
    uploadId: UploadId,
    uploadUrl: z.string().meta({ description: "Address for a `PUT` of the bytes, `Content-Type` its only header" }),
    method: z.literal("PUT"),
    uploadUrlExpiresAt: Timestamp,
  })
  .meta({
    id: "PresignedUpload",
    description: "Where to put the bytes of a file",
    examples: [examples.presignedUpload],
  });
export type PresignedUpload = z.infer<typeof PresignedUpload>;

/** A file that has arrived. */
export const CompletedUpload = z
  .object({
    uploadId: UploadId,
    status: z.literal("completed"),
    sizeBytes: z.int(),
    mediaType: z.string(),
    filename: z.string(),
  })
  .meta({ id: "CompletedUpload", description: "A file that has arrived", examples: [examples.completedUpload] });
export type CompletedUpload = z.infer<typeof CompletedUpload>;

/** A link with which a file can be read for a while. */
export const UploadAccess = z
  .object({
    uploadId: UploadId,
    accessUrl: z.string().meta({ description: "Link to the file, for whoever has it" }),
    accessUrlExpiresAt: Timestamp,
  })
  .meta({
    id: "UploadAccess",
    description: "A link with which a file can be read for a while",
    examples: [examples.uploadAccess],
  });
export type UploadAccess = z.infer<typeof UploadAccess>;

/** What the files of a tenant take. */
export const StorageUsage = z
  .object({
    bytesUsed: z.int().meta({ description: "Bytes of the files that have arrived" }),
    fileCount: z.int().meta({ description: "How many they are" }),
    pendingBytes: z.int().meta({ description: "Bytes announced by uploads that are not completed" }),
    quotaBytes: z.int().meta({ description: "Bytes that there is room for" }),
  })
  .meta({ id: "StorageUsage", description: "What the files of a tenant take", examples: [examples.storage] });
export type StorageUsage = z.infer<typeof StorageUsage>;
