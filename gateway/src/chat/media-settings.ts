import { isAllowed } from "../files/media-type.ts";
import { ChatError } from "./chat-error.ts";

/** What a tenant's settings say about files. */
export interface MediaSettings {
  readonly maxFileSizeBytes: number;
  readonly maxImageSizeBytes: number;
  readonly allowedMimeTypes: readonly string[];
}

/** Throws `media_type_not_allowed` or `file_too_large` for a file that the tenant does not take. */
export const requireAcceptable = (media: MediaSettings, mediaType: string, sizeBytes: number): void => {
  if (!isAllowed(mediaType, media.allowedMimeTypes)) throw new ChatError("media_type_not_allowed");
  const bytesMax = mediaType.startsWith("image/") ? media.maxImageSizeBytes : media.maxFileSizeBytes;
  if (sizeBytes > bytesMax) throw new ChatError("file_too_large");
};
