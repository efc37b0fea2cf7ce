import { validate as isUuid } from "uuid";
import { openPutPermission } from "../files/disk-store.ts";
import type { Served, ServeRequest } from "../files/file-store.ts";
import { isPendingUpload } from "../store/uploads.ts";
import { findServedUpload } from "../store/served-uploads.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { requireFiles } from "./files.ts";
import { servedHeaders } from "./upload-completion.ts";

type Deps = Pick<ChatDeps, "db" | "files" | "now">;

/** Where a file is, and what a browser is to be told of it. */
export interface ServedFile extends ServeRequest {
  readonly served: Served;
}

/**
 * The file that a link leads to, for whoever brings it. A link that nobody signed leads nowhere, `not_found`, as one to a
 * file that was removed does; one after its time throws `link_expired`.
 */
export const openLink = async (deps: Deps, token: string, method: "GET" | "HEAD"): Promise<ServedFile> => {
  const { links, store } = requireFiles(deps);
  const link = links.open(token);
  if (!link) throw new ChatError("not_found");
  if (link.secondsLeft === 0) throw new ChatError("link_expired");
  // A message from before files were checked may name any text.
  const found = isUuid(link.uploadId) ? await findServedUpload(deps.db, link.tenantId, link.uploadId) : undefined;
  if (found?.upload.objectKey === undefined) throw new ChatError("not_found");
  if (found.tenantStatus !== "active") throw new ChatError("tenant_suspended");
  const { objectKey, mediaType, filename } = found.upload;
  const headers = { ...servedHeaders(mediaType, filename), method, cacheSeconds: link.secondsLeft };
  const served = await store.serve(objectKey, headers);
  const cacheSeconds = served.kind === "elsewhere" ? Math.min(served.seconds, link.secondsLeft) : link.secondsLeft;
  return { ...headers, cacheSeconds, served };
};

/** Bytes that a client puts to the gateway. */
export interface IncomingFile {
  readonly contentType: string | undefined;
  /** As announced by the request; undefined when the length is not known beforehand. */
  readonly contentLength: number | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Takes the bytes of an upload where the gateway keeps files in a folder, as a store of S3 would: of exactly the type and
 * the length that were announced, while the upload is not completed. Throws `not_found` for an address that nobody signed
 * or whose upload is gone, `link_expired`, `upload_mismatch` and `file_too_large`.
 */
export const receiveFile = async (deps: Deps, token: string, incoming: IncomingFile): Promise<void> => {
  const { store, signer } = requireFiles(deps);
  const permission = store.receiver && openPutPermission(signer, token, deps.now());
  if (!store.receiver || !permission) throw new ChatError("not_found");
  if (permission.isExpired) throw new ChatError("link_expired");
  const { key, contentType, sizeBytes } = permission;
  const [, tenantId = "", uploadId = ""] = key.split("/");
  if (!(await isPendingUpload(deps.db, tenantId, uploadId))) throw new ChatError("not_found");
  if (incoming.contentType !== contentType.trim()) throw new ChatError("upload_mismatch");
  if (incoming.contentLength !== undefined) {
    if (incoming.contentLength > sizeBytes) throw new ChatError("file_too_large");
    if (incoming.contentLength < sizeBytes) throw new ChatError("upload_mismatch");
  }
  if (!(await store.receiver.receive(key, incoming.body, sizeBytes))) throw new ChatError("upload_mismatch");
};
