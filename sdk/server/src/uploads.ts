import type { Call } from "./operation.ts";
import type { CallOptions, WriteOptions } from "./options.ts";
import type { PutFile } from "./put-file.ts";
import type {
  CompletedUpload,
  Ok,
  PresignUploadBody,
  PresignedUpload,
  UploadAccess,
  UploadAccessBody,
  UploadAccessList,
} from "./wire.ts";

/** A file to be uploaded. */
export interface NewFile extends Omit<PresignUploadBody, "sizeBytes"> {
  readonly data: Uint8Array | Blob;
}

/** Files: announced, put to the store, completed, then named in a message. */
export interface Uploads {
  /**
   * Uploads a file: all three steps. The bytes go straight to the store, each try within `timeoutMs`, which is 5 minutes
   * here when left out. When a step fails the upload is given up. Rejects as the steps do, and with `http_…` when the
   * store refuses the bytes.
   *
   * @example
   * import { readFile } from "node:fs/promises";
   *
   * const data = await readFile("receipt.pdf");
   * const { uploadId, mediaType, filename } = await sendsar.uploads.upload({
   *   filename: "receipt.pdf",
   *   mediaType: "application/pdf",
   *   data,
   * });
   * const receipt = { type: "file", uploadId, mediaType, filename };
   * await sendsar.messages.send(roomId, { senderId: "shop_9", text: "Your receipt", parts: [receipt] });
   */
  upload(file: NewFile, options?: CallOptions): Promise<CompletedUpload>;

  /**
   * First step: says where to put the bytes, for a `PUT` with `Content-Type` as its only header. Rejects with
   * `uploads_disabled`, `file_too_large`, `media_type_not_allowed`, `storage_quota_exceeded`, `storage_unavailable`.
   */
  presign(file: PresignUploadBody, options?: WriteOptions): Promise<PresignedUpload>;

  /** Last step: checks that the bytes have arrived. Rejects with `upload_incomplete`, `upload_not_found`. */
  complete(uploadId: string, options?: WriteOptions): Promise<CompletedUpload>;

  /** Gives an upload up, as long as no message uses it. Rejects with `upload_in_use`. */
  abort(uploadId: string, options?: CallOptions): Promise<Ok>;

  /** A link with which a file can be read for an hour. */
  getAccess(uploadId: string, options?: CallOptions): Promise<UploadAccess>;

  /** Links to several files, 100 at most. Files that are not there are left out. */
  listAccess(uploads: UploadAccessBody, options?: CallOptions): Promise<UploadAccessList>;
}

/** Creates the calls about files. */
export function createUploads(call: Call, putFile: PutFile): Uploads {
  const presign: Uploads["presign"] = (body, options) => call("presignUpload", { body }, options);
  const complete: Uploads["complete"] = (uploadId, options) =>
    call("completeUpload", { params: { uploadId } }, options);
  const abort: Uploads["abort"] = (uploadId, options) => call("abortUpload", { params: { uploadId } }, options);
  return {
    upload: async ({ data, ...file }, options) => {
      const sizeBytes = "byteLength" in data ? data.byteLength : data.size;
      const { uploadId, uploadUrl } = await presign({ ...file, sizeBytes }, options);
      try {
        await putFile({ url: uploadUrl, mediaType: file.mediaType, data }, options);
        return await complete(uploadId, options);
      } catch (error) {
        // Unfinished uploads are removed after a day anyway, so it does not matter whether this works.
        await abort(uploadId, { retriesMax: 0 }).catch(() => undefined);
        throw error;
      }
    },
    presign,
    complete,
    abort,
    getAccess: (uploadId, options) => call("getUploadAccess", { params: { uploadId } }, options),
    listAccess: (body, options) => call("listUploadAccess", { body }, options),
  };
}
