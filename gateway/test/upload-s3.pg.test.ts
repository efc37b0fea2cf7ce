import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import type { S3Server } from "../../scripts/testing/s3-server.ts";
import { findS3Program, startS3Server } from "../../scripts/testing/s3-server.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { filePart, presign, putBytes, uploadFile } from "../../scripts/testing/upload-file.ts";
import { freePort } from "../../scripts/process/ports.ts";
import { clearFiles } from "../src/chat/file-janitor.ts";
import { createS3Store } from "../src/files/s3-store.ts";
import { openDb } from "../src/store/db.ts";

const { png, gif, jpeg, pdf, svg, html, webm } = sampleFiles;

const program = await findS3Program();
if ("problem" in program) console.warn(`SKIPPED: the tests of the S3 driver; ${program.problem}`);

describe.skipIf("problem" in program)("files in a store of S3", () => {
  let s3: S3Server;
  let one: TestGateway;
  let two: TestPeer;
  beforeAll(async () => {
    s3 = await startS3Server("path" in program ? program.path : "");
    const port = await freePort();
    one = await startTestGateway({ config: { port, files: s3.configFor(`http://127.0.0.1:${port}`) } });
    two = await one.startPeer();
    await one.a.api.patch("/tenant/settings", { chat: { media: { allowedMimeTypes: ["*/*"] } } });
  });
  afterAll(async () => {
    await one[Symbol.asyncDispose]();
    await s3[Symbol.asyncDispose]();
  });
  const complete = (uploadId: string) => one.a.api.post(`/chat/uploads/${uploadId}/complete`, {});
  const linkTo = async (uploadId: string): Promise<string> =>
    (await one.a.api.get(`/chat/uploads/${uploadId}/access`)).body.accessUrl;

  test("F1 presign, PUT to the store with the type as the only header, complete, send, read on another gateway", async () => {
    const ann = await createTestUser(one, one.a);
    const room = await createTestRoom(one.a, [ann]);
    const announced = (await presign(ann.client, png)).body;
    expect(announced.uploadUrl.startsWith(`${s3.endpoint}/files/_incoming/a/`)).toBe(true);
    expect(new URL(announced.uploadUrl).searchParams.get("X-Amz-SignedHeaders")).toBe(
      "content-length;content-type;host",
    );
    expect((await putBytes(announced.uploadUrl, png)).status).toBe(200);
    const completed = await ann.client.post(`/chat/uploads/${announced.uploadId}/complete`, {});
    expect(completed).toMatchObject({ status: 200, body: { sizeBytes: png.bytes.length, mediaType: "image/png" } });
    const parts = [filePart(announced.uploadId, png)];
    const { body } = await ann.client.post(`/chat/rooms/${room.id}/messages`, { parts });
    const link: string = body.parts[0].url.replace(one.url, two.url);
    const response = await fetch(link);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(png.bytes);
    expect(response.url.startsWith(`${s3.endpoint}/files/a/uploads/`)).toBe(true);
  });

  test("F1 a voice message, whose type has parameters", async () => {
    const uploadId = await uploadFile(one.a.api, webm);
    const response = await fetch(await linkTo(uploadId));
    expect(response.headers.get("content-type")).toBe("audio/webm");
    expect((await response.arrayBuffer()).byteLength).toBe(webm.bytes.length);
  });

  test("F1 E10 the store itself refuses another type, and more or fewer bytes than announced", async () => {
    const { uploadId, uploadUrl } = (await presign(one.a.api, png)).body;
    const others = [
      { ...png, mediaType: "text/html" },
      { ...png, bytes: Buffer.concat([png.bytes, Buffer.from("x")]) },
      { ...png, bytes: png.bytes.subarray(1) },
    ];
    for (const other of others) expect((await putBytes(uploadUrl, other)).status).toBe(403);
    expectRefusal(await complete(uploadId), "upload_incomplete");
    const forged = uploadUrl.replace(/X-Amz-Signature=./, "X-Amz-Signature=_");
    expect((await putBytes(forged, png)).status).toBe(403);
    const elsewhere = uploadUrl.replace("/_incoming/a/", "/_incoming/b/");
    expect((await putBytes(elsewhere, png)).status).toBe(403);
  });

  test("E08 a browser is told what it may do, by the store too", async () => {
    for (const [file, type, disposition] of [
      [gif, "image/gif", "inline"],
      [pdf, "application/pdf", "attachment"],
      [svg, "application/octet-stream", "attachment"],
      [html, "application/octet-stream", "attachment"],
    ] as const) {
      const link = await linkTo(await uploadFile(one.a.api, file));
      const redirect = await fetch(link, { redirect: "manual" });
      expect(redirect.status).toBe(302);
      expect(redirect.headers.get("cache-control")).toMatch(/^private, max-age=\d+$/);
      expect(redirect.headers.get("x-content-type-options")).toBe("nosniff");
      const response = await fetch(link);
      expect(response.headers.get("content-type")).toBe(type);
      expect(response.headers.get("content-disposition")).toBe(`${disposition}; filename=${file.filename}`);
    }
  });

  test("E07 a name that is no ASCII comes back from the store as it went in", async () => {
    const link = await linkTo(await uploadFile(one.a.api, { ...png, filename: "បញ្ជី.png" }));
    expect((await fetch(link)).headers.get("content-disposition")).toContain(
      `filename*=UTF-8''${encodeURIComponent("បញ្ជី")}.png`,
    );
  });

  test("E14 a part of it, and HEAD", async () => {
    const link = await linkTo(await uploadFile(one.a.api, pdf));
    const part = await fetch(link, { headers: { range: "bytes=5-9" } });
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 5]);
    const head = await fetch(link, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(pdf.bytes.length)]);
  });

  test("E09 bytes are looked at: another picture is called by what it is, a page is none", async () => {
    const picture = (await presign(one.a.api, png, { sizeBytes: jpeg.bytes.length })).body;
    await putBytes(picture.uploadUrl, { ...jpeg, mediaType: "image/png" });
    expect((await complete(picture.uploadId)).body.mediaType).toBe("image/jpeg");
    const page = (await presign(one.a.api, png, { sizeBytes: html.bytes.length })).body;
    await putBytes(page.uploadUrl, { ...html, mediaType: "image/png" });
    expectRefusal(await complete(page.uploadId), "media_type_not_allowed");
  });

  test("E09 what is put after the upload was completed changes nothing, and is removed in time", async () => {
    const { uploadId, uploadUrl } = (await presign(one.a.api, png)).body;
    await putBytes(uploadUrl, png);
    expect((await complete(uploadId)).status).toBe(200);
    const evil = { ...png, bytes: Buffer.alloc(png.bytes.length, "x") };
    expect((await putBytes(uploadUrl, evil)).status).toBe(200);
    expect((await complete(uploadId)).status).toBe(200);
    const response = await fetch(await linkTo(uploadId));
    expect(Buffer.from(await response.arrayBuffer())).toEqual(png.bytes);
  });

  test("a file of several megabytes goes through in one piece", async () => {
    const bytes = Buffer.alloc(8_000_000, 7);
    png.bytes.copy(bytes);
    await one.a.api.patch("/tenant/settings", { chat: { media: { maxImageSizeBytes: bytes.length } } });
    const uploadId = await uploadFile(one.a.api, { ...png, bytes });
    const response = await fetch(await linkTo(uploadId));
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test("E13 E10 what is garbage is removed from the store, and nothing else", async () => {
    const [kept, aborted] = [await uploadFile(one.a.api, png), await uploadFile(one.a.api, png)];
    await one.a.api.call("DELETE", `/chat/uploads/${aborted}`);
    await runOn(one.database.adminUrl, "update sendsar.file_removals set due_at = now() - interval '1 second'");
    await using db = openDb({ databaseUrl: one.database.gatewayUrl, poolMax: 2, onConnectionError: () => undefined });
    const config = s3.configFor(one.url);
    if (config.kind !== "s3") throw new Error("not a store of S3");
    const store = createS3Store(config);
    const errors: unknown[] = [];
    await clearFiles({ db, store, onError: (error) => errors.push(error), isStopped: () => false });
    expect(errors).toEqual([]);
    const keys = await s3.keys();
    expect(keys.filter((key) => key.startsWith("_incoming/"))).toEqual([]);
    expect(keys.some((key) => key.includes(kept))).toBe(true);
    expect(keys.some((key) => key.includes(aborted))).toBe(false);
    const stored = await runOn<{ object_key: string }>(
      one.database.adminUrl,
      "select object_key from sendsar.uploads where status = 'completed' order by 1",
    );
    expect(keys.toSorted()).toEqual(stored.map((row) => row.object_key).toSorted());
  });

  test("34 a store that is away answers 503 in time, messages go on, and it comes back", async () => {
    const ann = await createTestUser(one, one.a);
    const room = await createTestRoom(one.a, [ann]);
    const { uploadId, uploadUrl } = (await presign(ann.client, png)).body;
    await putBytes(uploadUrl, png);
    await s3.kill();
    const client = createUserClient(one.url, ann.token);
    const refused = await client.post(`/chat/uploads/${uploadId}/complete`, {});
    expectRefusal(refused, "storage_unavailable");
    expect(refused.headers.get("retry-after")).toBe("1");
    const parts = [{ type: "text", text: "still here" }];
    expect((await client.post(`/chat/rooms/${room.id}/messages`, { parts })).status).toBe(201);
    await s3.restart();
    await vi.waitFor(
      async () => expect((await client.post(`/chat/uploads/${uploadId}/complete`, {})).status).toBe(200),
      { timeout: 10_000 },
    );
  });

  test("34 a bucket that is not there is in the log of who starts", async () => {
    const config = s3.configFor(one.url);
    if (config.kind !== "s3") throw new Error("not a store of S3");
    const store = createS3Store({ ...config, bucket: "none-such" });
    await expect(store.check()).rejects.toThrow("unable to use the bucket none-such; the store answered: 404");
  });

  test("K02 no secret of the store is in an answer or a log", async () => {
    const { uploadUrl } = (await presign(one.a.api, png)).body;
    expect(uploadUrl).not.toContain("sendsar-test-secret");
    expect(one.log.filter((line) => /sendsar-test-secret|X-Amz-Signature/.test(line))).toEqual([]);
  });
});
