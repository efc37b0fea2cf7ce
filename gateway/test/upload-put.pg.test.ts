import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { rawRequest } from "../../scripts/testing/raw-request.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";
import { presign, putBytes } from "../../scripts/testing/upload-file.ts";

const { png, gif, jpeg, html } = sampleFiles;

let gateway: TestGateway;
let nowMs = Date.now();
beforeAll(async () => {
  gateway = await startTestGateway({ now: () => new Date(nowMs) });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const begin = async (file = png, more = {}): Promise<{ uploadId: string; uploadUrl: string }> =>
  (await presign(gateway.a.api, file, more)).body;
const codeOf = async (response: Response): Promise<[number, string]> => [
  response.status,
  ((await response.json()) as { code: string }).code,
];
/** Files that belong to no upload: what a cut-off body would leave. */
const unfinishedFiles = () => readdir(join(gateway.filesDir, "_unfinished"));
const complete = (uploadId: string) => gateway.a.api.post(`/chat/uploads/${uploadId}/complete`, {});

describe("F1 the address of an upload", () => {
  test("F1 is for the type that was announced, to the letter, and for as many bytes", async () => {
    const { uploadId, uploadUrl } = await begin();
    expect(await codeOf(await putBytes(uploadUrl, { ...png, mediaType: "image/gif" }))).toEqual([
      400,
      "upload_mismatch",
    ]);
    const less = png.bytes.subarray(1);
    expect(await codeOf(await putBytes(uploadUrl, { ...png, bytes: less }))).toEqual([400, "upload_mismatch"]);
    const more = Buffer.concat([png.bytes, Buffer.from("x")]);
    expect(await codeOf(await putBytes(uploadUrl, { ...png, bytes: more }))).toEqual([413, "file_too_large"]);
    expectRefusal(await complete(uploadId), "upload_incomplete");
    expect((await putBytes(uploadUrl, png)).status).toBe(200);
    expect((await complete(uploadId)).status).toBe(200);
  });

  test("F1 §16.4 answers pages of any origin, which may send the type", async () => {
    const { uploadUrl } = await begin();
    const preflight = await fetch(uploadUrl, {
      method: "OPTIONS",
      headers: {
        origin: "https://shop.example",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "content-type",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-methods")).toContain("PUT");
    expect(preflight.headers.get("access-control-allow-headers")).toContain("content-type");
  });

  test("F1 ends, and one that nobody signed or whose upload is gone leads nowhere", async () => {
    const { uploadId, uploadUrl } = await begin();
    const forged = uploadUrl.slice(0, -1) + (uploadUrl.endsWith("A") ? "B" : "A");
    expect(await codeOf(await putBytes(forged, png))).toEqual([404, "not_found"]);
    nowMs += 301_000;
    expect(await codeOf(await putBytes(uploadUrl, png))).toEqual([403, "link_expired"]);
    nowMs = Date.now();
    await gateway.a.api.call("DELETE", `/chat/uploads/${uploadId}`);
    expect(await codeOf(await putBytes(uploadUrl, png))).toEqual([404, "not_found"]);
  });

  test("B09 a link to read is no address to put, nor the other way round", async () => {
    const { uploadId, uploadUrl } = await begin();
    await putBytes(uploadUrl, png);
    await complete(uploadId);
    const { accessUrl } = (await gateway.a.api.get(`/chat/uploads/${uploadId}/access`)).body;
    const readToken = new URL(accessUrl).pathname.split("/")[2] ?? "";
    expect(await codeOf(await putBytes(`${gateway.url}/files/${readToken}`, png))).toEqual([404, "not_found"]);
    expect(await codeOf(await fetch(`${uploadUrl}/dot.png`))).toEqual([404, "not_found"]);
  });

  test("A06 it needs no credential, and one does not harm", async () => {
    const { uploadUrl } = await begin();
    const answer = await rawRequest(gateway.url, {
      method: "PUT",
      path: new URL(uploadUrl).pathname,
      headers: [
        ["content-type", png.mediaType],
        ["authorization", "Bearer nonsense"],
      ],
      body: "x".repeat(png.bytes.length),
    });
    expect(answer.status).toBe(200);
  });
});

describe("E09 bytes that are not what was announced", () => {
  test("E09 a picture of another kind is called by what it is", async () => {
    const { uploadId, uploadUrl } = await begin(png, { sizeBytes: jpeg.bytes.length });
    await putBytes(uploadUrl, { ...jpeg, mediaType: "image/png" });
    expect((await complete(uploadId)).body).toMatchObject({ mediaType: "image/jpeg" });
  });

  test("E09 a page that calls itself a picture is refused, and removed", async () => {
    const { uploadId, uploadUrl } = await begin(png, { sizeBytes: html.bytes.length });
    await putBytes(uploadUrl, { ...html, mediaType: "image/png" });
    expectRefusal(await complete(uploadId), "media_type_not_allowed");
    expectRefusal(await complete(uploadId), "upload_not_found");
  });

  test("E09 what it is must be allowed too", async () => {
    await gateway.b.api.patch("/tenant/settings", { chat: { media: { allowedMimeTypes: ["image/png"] } } });
    const { uploadId, uploadUrl } = (await presign(gateway.b.api, png, { sizeBytes: gif.bytes.length })).body;
    await putBytes(uploadUrl, { ...gif, mediaType: "image/png" });
    expectRefusal(await gateway.b.api.post(`/chat/uploads/${uploadId}/complete`, {}), "media_type_not_allowed");
  });
});

describe("E10 bodies that do not end as they should", () => {
  const open = (uploadUrl: string, headers: Readonly<Record<string, string | number>>) => {
    const { hostname, port, pathname } = new URL(uploadUrl);
    return request({ hostname, port, path: pathname, method: "PUT", headers, agent: false });
  };

  test("E10 a body that breaks off leaves nothing", async () => {
    const { uploadId, uploadUrl } = await begin();
    const put = open(uploadUrl, { "content-type": png.mediaType, "content-length": png.bytes.length });
    put.on("error", () => undefined);
    put.write(png.bytes.subarray(0, 10));
    await vi.waitFor(async () => expect(await unfinishedFiles()).toHaveLength(1));
    put.destroy();
    await vi.waitFor(async () => expect(await unfinishedFiles()).toEqual([]));
    expectRefusal(await complete(uploadId), "upload_incomplete");
  });

  test("E10 an endless one is cut at what was announced, and leaves nothing", async () => {
    const { uploadId, uploadUrl } = await begin();
    const put = open(uploadUrl, { "content-type": png.mediaType, "transfer-encoding": "chunked" });
    put.on("error", () => undefined);
    const closed = once(put, "close");
    const answered = once(put, "response");
    const timer = setInterval(() => put.write(Buffer.alloc(1000)), 1);
    const [response] = (await answered) as [{ statusCode: number; resume(): void }];
    response.resume();
    await closed;
    clearInterval(timer);
    expect(response.statusCode).toBe(400);
    expect(await unfinishedFiles()).toEqual([]);
    expectRefusal(await complete(uploadId), "upload_incomplete");
  });

  test("E10 one without its length is taken when it is exactly what was announced", async () => {
    const { uploadId, uploadUrl } = await begin();
    const put = open(uploadUrl, { "content-type": png.mediaType, "transfer-encoding": "chunked" });
    put.end(png.bytes);
    const [response] = (await once(put, "response")) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(200);
    expect((await complete(uploadId)).status).toBe(200);
  });

  test("E10 a length that lies ends the connection, not the gateway", async () => {
    const { uploadUrl } = await begin();
    const { hostname, port, pathname } = new URL(uploadUrl);
    for (const length of ["-1", "1e3", "99999999999999999999", "5, 6", "0x10"]) {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => undefined);
      socket.write(
        `PUT ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\nabc`,
      );
      let text = "";
      for await (const chunk of socket) text += String(chunk);
      expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
    expect((await gateway.a.api.get("/tenant/storage")).status).toBe(200);
    expect(await unfinishedFiles()).toEqual([]);
  });

  test("E10 many fields and parts are bytes like any others: nothing is parsed", async () => {
    const ann = await createTestUser(gateway, gateway.a);
    const body = Buffer.from(
      Array.from({ length: 10_000 }, (_, n) => `--x\r\ncontent-disposition: form-data; name="${n}"\r\n\r\n\r\n`).join(
        "",
      ),
    );
    const file = { filename: "form", mediaType: "multipart/form-data; boundary=x", bytes: body };
    await gateway.a.api.patch("/tenant/settings", { chat: { media: { allowedMimeTypes: ["*/*"] } } });
    const { uploadId, uploadUrl } = (await presign(ann.client, file)).body;
    expect((await putBytes(uploadUrl, file)).status).toBe(200);
    expect((await ann.client.post(`/chat/uploads/${uploadId}/complete`, {})).body).toMatchObject({
      sizeBytes: body.length,
    });
  });
});
