import type { ChatClient } from "./client.ts";
import { uploadPath } from "./paths.ts";
import { type UploadProgress, putFile } from "./put-file.ts";
import { type RetryPolicy, withRetry } from "./retry.ts";
import { abortWith, abortedError } from "./timing.ts";
import type { CompletedUpload, PresignedUpload } from "./wire.ts";

/** What an upload can be told. */
export interface UploadOptions {
  /** The room that the file is meant for: who may not send there is refused before any byte is on its way. */
  readonly roomId?: string | undefined;
  /** Name for people; that of the `File` when left out, or "file". */
  readonly filename?: string | undefined;
  /** That of the `File` or `Blob` when left out, or "application/octet-stream". */
  readonly mediaType?: string | undefined;
  /** Called as bytes go out. Starts from 0 again when the network breaks and the file is put again. */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
  /** Gives the upload up. */
  readonly signal?: AbortSignal | undefined;
}

/** A file that the server has; put it into the `files` of a message. */
export type UploadedFile = Pick<CompletedUpload, "uploadId" | "mediaType" | "filename" | "sizeBytes">;

/**
 * Uploads a file: asks for an address, puts the bytes there, and has the server check them (contract 8). Resolves with what
 * a message needs to name it. The bytes are put up to three times while the network breaks. Rejects with the server's
 * reason (`file_too_large`, `media_type_not_allowed`, `storage_quota_exceeded` …), with `upload_failed` when the file store
 * does not take them, with `timeout` when nothing moves for a minute, with `aborted` after the signal or `disconnect()`;
 * then the server is told to forget the upload.
 *
 * @example
 * import { Sendsar, uploadFile } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * await chat.connect({ userId: "ann", token });
 * const file = await uploadFile(chat, new Blob(["# Menu"], { type: "text/plain" }), {
 *   roomId,
 *   filename: "menu.txt",
 *   onProgress: ({ sentBytes, totalBytes }) => console.log(`${Math.round((100 * sentBytes) / totalBytes)} %`),
 * });
 * await chat.sendMessage(roomId, { files: [file], text: "Today's menu" });
 * await chat.disconnect();
 */
export async function uploadFile(chat: ChatClient, file: Blob, options: UploadOptions = {}): Promise<UploadedFile> {
  const { roomId, signal } = options;
  const filename = options.filename ?? (file instanceof File ? file.name : "file");
  const mediaType = options.mediaType || file.type || "application/octet-stream";
  const body = { filename, mediaType, sizeBytes: file.size, roomId };
  const { uploadId, uploadUrl } = await chat.call<PresignedUpload>({
    method: "POST",
    path: "/chat/uploads/presign",
    body,
    signal,
  });
  try {
    await putInTries(chat, { url: uploadUrl, file, mediaType }, options);
    const path = `${uploadPath(uploadId)}/complete`;
    const completed = await chat.call<CompletedUpload>({ method: "POST", path, body: {}, signal });
    return { uploadId, mediaType: completed.mediaType, filename: completed.filename, sizeBytes: completed.sizeBytes };
  } catch (error) {
    // Nobody waits for this: what the server is not told of, it forgets by itself within a day.
    void chat.call({ method: "DELETE", path: uploadPath(uploadId) }).catch(() => {});
    throw error;
  }
}

/** How often and how long the bytes of a file are tried. A try may take as long as bytes move. */
const putPolicy: RetryPolicy = { attemptsMax: 3, elapsedMsMax: Infinity, baseMs: 1000, maxMs: 5000 };

async function putInTries(
  chat: ChatClient,
  target: { readonly url: string; readonly file: Blob; readonly mediaType: string },
  { signal, onProgress }: UploadOptions,
): Promise<void> {
  const { deps } = chat;
  const given = new AbortController();
  const unlink = abortWith(given, chat.signal, signal);
  const report = (progress: UploadProgress): void => {
    try {
      onProgress?.(progress);
    } catch (error) {
      deps.reportError(error);
    }
  };
  try {
    await withRetry(deps, putPolicy, given.signal, () => putFile(deps, target, given.signal, report));
  } catch (error) {
    throw signal?.aborted ? abortedError("upload the file", "it was given up", error) : error;
  } finally {
    unlink();
  }
}
