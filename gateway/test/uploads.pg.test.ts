import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { filePart, presign, putBytes, uploadFile } from "../../scripts/testing/upload-file.ts";

const { png, pdf, webm } = sampleFiles;

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("F1 F2 a file comes in", () => {
  test("F1 §16.15 presign, PUT with the type as the only header, complete, send, read", async () => {
    const ann = await createTestUser(one, one.a);
    const room = await createTestRoom(one.a, [ann]);
    const announced = await presign(ann.client, png, { roomId: room.id });
    expect(announced).toMatchObject({ status: 201, body: { method: "PUT" } });
    expect(Object.keys(announced.body).toSorted()).toEqual(["method", "uploadId", "uploadUrl", "uploadUrlExpiresAt"]);
    const { uploadId, uploadUrl, uploadUrlExpiresAt } = announced.body;
    const validSeconds = (Date.parse(uploadUrlExpiresAt) - Date.now()) / 1000;
    expect(validSeconds).toBeGreaterThan(290);
    expect(validSeconds).toBeLessThanOrEqual(300);

    expect((await ann.client.post(`/chat/uploads/${uploadId}/complete`, {})).body.code).toBe("upload_incomplete");
    expect((await putBytes(uploadUrl, png)).status).toBe(200);
    const completed = await ann.client.post(`/chat/uploads/${uploadId}/complete`, {});
    const description = { uploadId, mediaType: png.mediaType, filename: png.filename };
    expect(completed).toMatchObject({
      status: 200,
      body: { ...description, status: "completed", sizeBytes: png.bytes.length },
    });
    const sent = await ann.client.post(`/chat/rooms/${room.id}/messages`, { parts: [filePart(uploadId, png)] });
    expect(sent.status).toBe(201);
    const [part] = sent.body.parts;
    expect(part).toMatchObject({ type: "file", ...description });
    const got = await fetch(part.url);
    expect(Buffer.from(await got.arrayBuffer())).toEqual(png.bytes);
  });

  test("F2 completing twice, and twice at once on two gateways, answers the same and counts once", async () => {
    const ann = await createTestUser(one, one.a);
    const { uploadId, uploadUrl } = (await presign(ann.client, pdf)).body;
    await putBytes(uploadUrl, pdf);
    const before = (await ann.client.get("/tenant/storage")).body;
    const complete = (url: string) =>
      fetch(`${url}/v1/chat/uploads/${uploadId}/complete`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${ann.token}` },
        body: "{}",
      });
    const answers = await Promise.all([one.url, two.url, one.url, two.url].map(complete));
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    expect((await ann.client.get("/tenant/storage")).body.fileCount).toBe(before.fileCount + 1);
  });

  test("F1 §16.29 a voice message's type counts without its parameters, and is put with them", async () => {
    const ann = await createTestUser(one, one.a);
    const { uploadId, uploadUrl } = (await presign(ann.client, webm)).body;
    expect((await putBytes(uploadUrl, webm)).status).toBe(200);
    const completed = await ann.client.post(`/chat/uploads/${uploadId}/complete`, {});
    expect(completed.body).toMatchObject({ status: "completed", mediaType: "audio/webm" });
  });

  test("E06 ids are random, all 122 bits of them", async () => {
    const ann = await createTestUser(one, one.a);
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => (await presign(ann.client, png)).body.uploadId),
    );
    for (const id of ids) expect(id).toMatch(uuidV4);
    expect(new Set(ids.map((id: string) => id.slice(0, 8))).size).toBe(20);
  });

  test("F1 a backend may upload for a user, or for nobody", async () => {
    const ann = await createTestUser(one, one.a);
    const forAnn = await uploadFile(one.a.api, png, { userId: ann.id });
    expect((await ann.client.get(`/chat/uploads/${forAnn}/access`)).status).toBe(200);
    const nobodys = await uploadFile(one.a.api, png);
    expect((await ann.client.get(`/chat/uploads/${nobodys}/access`)).body.code).toBe("upload_not_found");
    expect((await one.a.api.get(`/chat/uploads/${nobodys}/access`)).status).toBe(200);
    expectRefusal(await presign(one.a.api, png, { userId: `nobody-${randomUUID()}` }), "user_not_found");
    const bo = await createTestUser(one, one.a);
    expectRefusal(await presign(bo.client, png, { userId: ann.id }), "cannot_act_as_other_user");
  });
});

describe("F1 what may not be announced", () => {
  test("F1 a room that the caller is not in is not there, and a frozen one takes no files of users", async () => {
    const [ann, bo] = [await createTestUser(one, one.a), await createTestUser(one, one.a)];
    const room = await createTestRoom(one.a, [ann]);
    const refused = await presign(bo.client, png, { roomId: room.id });
    expectRefusal(refused, "room_not_found");
    expect(withoutRequestId(refused)).toEqual(
      withoutRequestId(await presign(bo.client, png, { roomId: randomUUID() })),
    );
    expectRefusal(await presign(bo.client, png, { roomId: "no uuid" }), "room_not_found");
    expectRefusal(await presign(one.b.api, png, { roomId: room.id }), "room_not_found");
    await one.a.api.patch(`/chat/rooms/${room.id}`, { isFrozen: true });
    expectRefusal(await presign(ann.client, png, { roomId: room.id }), "room_frozen");
    expect((await presign(one.a.api, png, { roomId: room.id, userId: ann.id })).status).toBe(201);
  });

  test.each([
    ["a type that is not on the list", { mediaType: "application/x-msdownload" }, "media_type_not_allowed"],
    ["an image that is too large", { mediaType: "image/png", sizeBytes: 5_242_881 }, "file_too_large"],
    ["a file that is too large", { mediaType: "video/mp4", sizeBytes: 10_485_761 }, "file_too_large"],
  ] as const)("F1 %s", async (_what, more, code) => {
    const ann = await createTestUser(one, one.a);
    expectRefusal(await presign(ann.client, png, more), code);
  });

  test.each([
    { sizeBytes: 0 },
    { sizeBytes: -1 },
    { sizeBytes: 1.5 },
    { sizeBytes: "1" },
    { sizeBytes: 5_368_709_121 },
    { mediaType: "png" },
    { mediaType: "image/png\r\nx-evil: 1" },
    { mediaType: "image/png; name=é" },
    { filename: "" },
    { filename: "x".repeat(256) },
    { filename: 1 },
  ])("F1 %o does not fit", async (more) => {
    const answer = await presign(one.a.api, png, more);
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request" } });
  });
});
