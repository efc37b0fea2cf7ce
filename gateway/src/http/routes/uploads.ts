import {
  abortUpload,
  completeUpload,
  getStorage,
  getUploadAccess,
  listUploadAccess,
  presignUpload,
} from "../../chat/uploads.ts";
import type { Handlers } from "../handler.ts";

export const uploadHandlers: Handlers<
  "presignUpload" | "completeUpload" | "abortUpload" | "getUploadAccess" | "listUploadAccess" | "getStorage"
> = {
  async presignUpload(deps, { actor, body }) {
    return { status: 201, body: await presignUpload(deps, actor, body) };
  },
  async completeUpload(deps, { actor, params }) {
    return { status: 200, body: await completeUpload(deps, actor, params.uploadId) };
  },
  async abortUpload(deps, { actor, params }) {
    return { status: 200, body: await abortUpload(deps, actor, params.uploadId) };
  },
  async getUploadAccess(deps, { actor, params }) {
    return { status: 200, body: await getUploadAccess(deps, actor, params.uploadId) };
  },
  async listUploadAccess(deps, { actor, body }) {
    return { status: 200, body: await listUploadAccess(deps, actor, body.uploadIds) };
  },
  async getStorage(deps, { actor }) {
    return { status: 200, body: await getStorage(deps, actor.tenantId) };
  },
};
