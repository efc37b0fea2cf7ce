import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import type { CompletedUpload, PresignedUpload, StorageUsage, UploadAccess } from "@sendsar/protocol/objects/upload";
import { validate as isUuid } from "uuid";
import { cleanFilename } from "../files/filename.ts";
import { essenceOf } from "../files/media-type.ts";
import { incomingKey } from "../store/file-removals.ts";
import { readStorageUsage } from "../store/storage-usage.ts";
import type { Upload } from "../store/uploads.ts";
import { listReadable, removeUpload, reserveUpload } from "../store/uploads.ts";
import type { Actor } from "./actor.ts";
import { findViewer } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { requireFiles } from "./files.ts";
import { requireAcceptable } from "./media-settings.ts";
import { getSettings } from "./settings.ts";
import { completeArrived } from "./upload-completion.ts";

type Deps = Pick<ChatDeps, "db" | "files" | "now">;

/**
 * Begins an upload: checks what is announced against the tenant's settings, quota and room, and answers where to put the
 * bytes. They are counted as announced until the upload is completed, given up, or forgotten (contract F1).
 */
export const presignUpload = async (
  deps: Deps,
  actor: Actor,
  body: {
    readonly filename: string;
    readonly mediaType: string;
    readonly sizeBytes: number;
    readonly roomId?: string | null | undefined;
    readonly userId?: string | null | undefined;
  },
): Promise<PresignedUpload> => {
  const { store } = requireFiles(deps);
  const { tenantId } = actor;
  const userId = findViewer(actor, body.userId);
  const roomId = body.roomId ?? undefined;
  if (roomId !== undefined && !isUuid(roomId)) throw new ChatError("room_not_found");
  const { media } = (await getSettings(deps, tenantId)).chat;
  if (!media.enabled) throw new ChatError("uploads_disabled");
  const mediaType = essenceOf(body.mediaType);
  requireAcceptable(media, mediaType, body.sizeBytes);

  const uploadId = randomUUID();
  const verdict = await reserveUpload(deps.db, tenantId, {
    uploadId,
    userId,
    roomId,
    filename: cleanFilename(body.filename),
    mediaType,
    sizeBytes: body.sizeBytes,
    byBackend: actor.kind === "backend",
    quotaBytesDefault: limits.storageBytesDefault,
    unfinishedMax: limits.userUnfinishedUploadsMax,
  });
  if (verdict !== "reserved") throw new ChatError(verdict);
  const expiresAt = new Date(deps.now().getTime() + media.presignTtlSeconds * 1000);
  const uploadUrl = await store.presignPut({
    key: incomingKey(tenantId, uploadId),
    contentType: body.mediaType,
    sizeBytes: body.sizeBytes,
    expiresAt,
  });
  return { uploadId, uploadUrl, method: "PUT", uploadUrlExpiresAt: expiresAt.toISOString() };
};

/**
 * Completes an upload of the caller's: the bytes are there, as many as were announced and of the kind that was announced.
 * Repeating it answers the same (contract F2).
 */
export const completeUpload = async (deps: Deps, actor: Actor, uploadId: string): Promise<CompletedUpload> => {
  const upload = await completeArrived(deps, actor.tenantId, requireUploadId(uploadId), ownerOf(actor));
  const { sizeBytes, mediaType, filename } = upload;
  return { uploadId: upload.uploadId, status: "completed", sizeBytes, mediaType, filename };
};

/** Gives up an upload of the caller's, completed or not, that no message uses (contract F3). */
export const abortUpload = async (
  deps: Pick<ChatDeps, "db">,
  actor: Actor,
  uploadId: string,
): Promise<{ ok: true }> => {
  const verdict = await removeUpload(deps.db, actor.tenantId, requireUploadId(uploadId), ownerOf(actor));
  if (verdict !== "removed") throw new ChatError(verdict);
  return { ok: true };
};

/** A link to a file that the caller may read (contract F4). */
export const getUploadAccess = async (deps: Deps, actor: Actor, uploadId: string): Promise<UploadAccess> => {
  const [access] = await readAccess(deps, actor, [requireUploadId(uploadId)]);
  if (!access) throw new ChatError("upload_not_found");
  return access;
};

/** Links to those of the files that the caller may read, in the order in which they were named (contract F5). */
export const listUploadAccess = async (
  deps: Deps,
  actor: Actor,
  uploadIds: readonly string[],
): Promise<{ readonly urls: UploadAccess[] }> => {
  const named = new Set(uploadIds.filter((uploadId) => isUuid(uploadId)).map((uploadId) => uploadId.toLowerCase()));
  return { urls: await readAccess(deps, actor, [...named]) };
};

const readAccess = async (deps: Deps, actor: Actor, uploadIds: readonly string[]): Promise<UploadAccess[]> => {
  const { links } = requireFiles(deps);
  const found = await listReadable(deps.db, actor.tenantId, findViewer(actor, undefined), uploadIds);
  const byId = new Map(found.map((upload): [string, Upload] => [upload.uploadId, upload]));
  return uploadIds.flatMap((uploadId) => {
    const upload = byId.get(uploadId);
    if (!upload) return [];
    const { url, expiresAt } = links.make(actor.tenantId, uploadId, upload.filename);
    return [{ uploadId, accessUrl: url, accessUrlExpiresAt: expiresAt }];
  });
};

/** What the tenant's files take (contract T1). */
export const getStorage = (deps: Pick<ChatDeps, "db">, tenantId: string): Promise<StorageUsage> =>
  readStorageUsage(deps.db, tenantId, limits.storageBytesDefault);

const requireUploadId = (uploadId: string): string => {
  if (!isUuid(uploadId)) throw new ChatError("upload_not_found");
  return uploadId.toLowerCase();
};

/** Whose uploads the caller may finish or give up: its own, or for a backend all. */
const ownerOf = (actor: Actor): string | undefined => (actor.kind === "user" ? actor.userId : undefined);
