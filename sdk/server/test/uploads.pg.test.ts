import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sampleFiles } from "../../../scripts/testing/sample-files.ts";
import { type ServerGateway, startServerGateway } from "./server-gateway.ts";
import { failureOf } from "./test-sendsar.ts";

const { pdf, png } = sampleFiles;
let server: ServerGateway;

beforeAll(async () => {
  server = await startServerGateway();
});
afterAll(() => server[Symbol.asyncDispose]());

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("F1 F2 F4 F5 a file is uploaded, sent and read again, byte for byte", async () => {
  const { uploads, rooms, messages, tenant } = server.sendsar;
  const room = await rooms.ensureGroup("files", { participants: ["ann", "bo"] });
  const { filename, mediaType } = pdf;
  const file = { filename, mediaType, data: new Uint8Array(pdf.bytes), roomId: room.id, userId: "ann" };
  const { uploadId, ...uploaded } = await uploads.upload(file);
  expect(uploaded).toEqual({ status: "completed", filename, mediaType, sizeBytes: pdf.bytes.length });
  const part = { type: "file", uploadId, mediaType, filename };
  const { parts } = await messages.send(room.id, { senderId: "ann", text: "Your receipt", parts: [part] });
  expect(parts).toMatchObject([{ type: "text" }, { type: "file", uploadId, accessUrl: expect.any(String) }]);

  const access = await uploads.getAccess(uploadId);
  const bytes = new Uint8Array(await (await fetch(access.accessUrl)).arrayBuffer());
  expect(sha256(bytes)).toBe(sha256(pdf.bytes));
  const several = await uploads.listAccess({ uploadIds: [uploadId, "unknown"] });
  expect(several.urls.map((one) => one.uploadId)).toEqual([uploadId]);
  expect(await tenant.getStorage()).toMatchObject({ fileCount: 1, bytesUsed: pdf.bytes.length });
  expect(await failureOf(uploads.abort(uploadId))).toMatchObject({ status: 409, code: "upload_in_use" });
  expect(await failureOf(server.other.uploads.getAccess(uploadId))).toMatchObject({ code: "upload_not_found" });
});

test("F1 a Blob does as well, and the steps can be made one by one", async () => {
  const { uploads } = server.sendsar;
  const { filename, mediaType } = png;
  const data = new Blob([new Uint8Array(png.bytes)]);
  expect(await uploads.upload({ filename, mediaType, data })).toMatchObject({ sizeBytes: png.bytes.length });

  const { uploadId, uploadUrl, method } = await uploads.presign({ filename, mediaType, sizeBytes: png.bytes.length });
  expect(await failureOf(uploads.complete(uploadId))).toMatchObject({ code: "upload_incomplete" });
  await fetch(uploadUrl, { method, headers: { "content-type": mediaType }, body: new Uint8Array(png.bytes) });
  expect(await uploads.complete(uploadId)).toMatchObject({ uploadId, status: "completed" });
});

test("F3 an upload that is given up is gone, and one that is refused leaves nothing", async () => {
  const { uploads, tenant } = server.sendsar;
  const { uploadId } = await uploads.presign({ filename: "a.pdf", mediaType: "application/pdf", sizeBytes: 5 });
  expect((await tenant.getStorage()).pendingBytes).toBe(5);
  expect(await uploads.abort(uploadId)).toEqual({ ok: true });
  expect(await failureOf(uploads.complete(uploadId))).toMatchObject({ code: "upload_not_found" });
  const program = { filename: "a.exe", mediaType: "application/x-msdownload", data: new Uint8Array(5) };
  expect(await failureOf(uploads.upload(program))).toMatchObject({ status: 415, code: "media_type_not_allowed" });
  expect((await tenant.getStorage()).pendingBytes).toBe(0);
});
