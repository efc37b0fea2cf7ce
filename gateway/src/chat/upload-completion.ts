import { randomBytes } from "node:crypto";
import type { Arrived, ServedHeaders } from "../files/file-store.ts";
import { toDisposition } from "../files/filename.ts";
import { resolveMediaType, servedAs } from "../files/media-type.ts";
import { expectGarbage, incomingKey } from "../store/file-removals.ts";
import type { Upload } from "../store/uploads.ts";
import { completeUpload as completeStoredUpload, findUpload, removeUpload } from "../store/uploads.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { requireFiles } from "./files.ts";
import { requireAcceptable } from "./media-settings.ts";
import { getSettings } from "./settings.ts";

type Deps = Pick<ChatDeps, "db" | "files">;

/** Times that a file is looked at again because it was replaced in between. */
const attemptsMax = 3;

/**
 * Completes an upload whose bytes have arrived. They are looked at where the client has put them, and then copied to a
 * key that no client can write to, if they are still the same: so what was looked at is what is read later, also while
 * the address to put them still works.
 *
 * Throws `upload_not_found`, `upload_incomplete`, and for a file that is not what was announced, which it removes,
 * `file_too_large` or `media_type_not_allowed`.
 */
export const completeArrived = async (
  deps: Deps,
  tenantId: string,
  uploadId: string,
  ownerId: string | undefined,
): Promise<Upload> => {
  const { store } = requireFiles(deps);
  const incoming = incomingKey(tenantId, uploadId);
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const arrived = await store.inspect(incoming);
    // Read after the look: another call may have completed it, and then removed what had arrived.
    const upload = await findUpload(deps.db, tenantId, uploadId, ownerId);
    if (!upload) throw new ChatError("upload_not_found");
    if (upload.status === "completed") return upload;
    if (!arrived || arrived.sizeBytes === 0) throw new ChatError("upload_incomplete");

    const mediaType = await requireAsAnnounced(deps, tenantId, upload, arrived);
    const objectKey = newObjectKey(tenantId, upload);
    await expectGarbage(deps.db, tenantId, objectKey);
    if (!(await store.promote(incoming, objectKey, arrived, servedHeaders(mediaType, upload.filename)))) continue;
    const { sizeBytes } = arrived;
    const completed = await completeStoredUpload(deps.db, tenantId, uploadId, { mediaType, sizeBytes, objectKey });
    if (!completed) throw new ChatError("upload_not_found");
    return completed;
  }
  throw new ChatError("upload_incomplete");
};

/** Answers what the file is. One that is not what was announced is removed, and refused. */
const requireAsAnnounced = async (
  deps: Deps,
  tenantId: string,
  upload: Upload,
  { sizeBytes, head }: Arrived,
): Promise<string> => {
  try {
    if (sizeBytes > upload.sizeBytes) throw new ChatError("file_too_large");
    const mediaType = await resolveMediaType(upload.mediaType, head);
    if (mediaType === undefined) throw new ChatError("media_type_not_allowed");
    if (mediaType !== upload.mediaType) {
      const { media } = (await getSettings(deps, tenantId)).chat;
      requireAcceptable(media, mediaType, sizeBytes);
    }
    return mediaType;
  } catch (error) {
    if (error instanceof ChatError) await removeUpload(deps.db, tenantId, upload.uploadId, undefined);
    throw error;
  }
};

/** How a file is given to a browser. */
export const servedHeaders = (mediaType: string, filename: string): ServedHeaders => {
  const { contentType, disposition } = servedAs(mediaType);
  return { contentType, contentDisposition: toDisposition(disposition, filename) };
};

/** A key of its own for each attempt, so that nothing overwrites what another attempt has kept. */
const newObjectKey = (tenantId: string, { uploadId, createdAt }: Upload): string => {
  const [year, month] = createdAt.split("-");
  return `${tenantId}/uploads/${year}/${month}/${uploadId}-${randomBytes(4).toString("hex")}`;
};
