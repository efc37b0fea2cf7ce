import type { Message, MessagePart } from "@sendsar/protocol/objects/message";
import { validate as isUuid } from "uuid";
import type { Files } from "../files/files.ts";
import type { FileLinks } from "../files/links.ts";
import { essenceOf } from "../files/media-type.ts";
import type { Upload } from "../store/uploads.ts";
import { listReadable } from "../store/uploads.ts";
import type { Actor } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";

/** Throws `storage_unavailable` when files are kept nowhere. */
export const requireFiles = ({ files }: Pick<ChatDeps, "files">): Files => {
  if (!files) throw new ChatError("storage_unavailable");
  return files;
};

/** Parts of a message that is to be written, and the files that they name. */
export interface CheckedParts {
  readonly parts: readonly MessagePart[];
  readonly uploadIds: readonly string[];
}

/**
 * Checks the files that parts name: each has arrived, and the sender may use it: its own, or one that it can read; a
 * backend, any of the tenant. What a part says about its file is what is known of the file, so that nobody is shown
 * another name or type than they get. Throws `upload_not_usable`. Parts without files cost nothing (contract M2).
 *
 * The file may be removed before the message is written: the writing looks again, under the file's lock.
 */
export const requireUsableFiles = async (
  deps: Pick<ChatDeps, "db">,
  actor: Actor,
  senderId: string,
  parts: readonly MessagePart[],
): Promise<CheckedParts> => {
  const named = parts.flatMap(({ uploadId }) => (uploadId == null ? [] : [uploadId]));
  if (named.length === 0) return { parts, uploadIds: [] };
  const uploadIds = [...new Set(named.map(requireUploadId))];
  const viewerId = actor.kind === "backend" ? undefined : senderId;
  const found = await listReadable(deps.db, actor.tenantId, viewerId, uploadIds);
  if (found.length < uploadIds.length) throw new ChatError("upload_not_usable");
  const byId = new Map(found.map((upload): [string, Upload] => [upload.uploadId, upload]));
  return { parts: parts.map((part) => describe(part, byId)), uploadIds };
};

const requireUploadId = (uploadId: unknown): string => {
  if (typeof uploadId !== "string" || !isUuid(uploadId)) throw new ChatError("upload_not_usable");
  return uploadId.toLowerCase();
};

const describe = (part: MessagePart, uploads: ReadonlyMap<string, Upload>): MessagePart => {
  const upload = typeof part["uploadId"] === "string" ? uploads.get(part["uploadId"].toLowerCase()) : undefined;
  if (!upload) return part;
  const { uploadId, filename } = upload;
  const { mediaType } = part;
  // With the parameters that the sender gave it, of which we keep none.
  const isSame = typeof mediaType === "string" && essenceOf(mediaType) === upload.mediaType;
  return { ...part, uploadId, filename, mediaType: isSame ? mediaType : upload.mediaType };
};

/**
 * A message as it is handed out: each part with an upload has a fresh link to its file, in `url` as well, the parts of
 * its parent too. The message itself is left as it is: it may be in other hands (contract 4.1).
 */
export const withFileLinks = (links: FileLinks | undefined, tenantId: string, message: Message): Message => {
  if (!links) return message;
  const parts = linkParts(links, tenantId, message.parts);
  const { parentMessage } = message;
  const parentParts = parentMessage && linkParts(links, tenantId, parentMessage.parts);
  if (parts === message.parts && parentParts === parentMessage?.parts) return message;
  return {
    ...message,
    parts,
    ...(parentMessage && parentParts && { parentMessage: { ...parentMessage, parts: parentParts } }),
  };
};

/** Answers the same parts when none has a file, as most do. */
const linkParts = (links: FileLinks, tenantId: string, parts: MessagePart[]): MessagePart[] => {
  if (!parts.some(hasUpload)) return parts;
  return parts.map((part) => {
    if (!hasUpload(part)) return part;
    const name = typeof part["filename"] === "string" && part["filename"] !== "" ? part["filename"] : "file";
    const { url, expiresAt } = links.make(tenantId, part.uploadId, name);
    return { ...part, url, accessUrl: url, accessUrlExpiresAt: expiresAt };
  });
};

const hasUpload = (part: MessagePart): part is MessagePart & { readonly uploadId: string } =>
  typeof part["uploadId"] === "string";
