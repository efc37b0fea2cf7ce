import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { createTestClient } from "../../scripts/testing/client.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { filePart, presign, putBytes, uploadFile } from "../../scripts/testing/upload-file.ts";

const { png, pdf } = sampleFiles;

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

const setQuota = (tenantId: string, storageBytes: number | undefined): Promise<unknown> =>
  runOn(
    one.database.adminUrl,
    `update sendsar.tenants set quotas = '${JSON.stringify({ storageBytes })}' where tenant_id = '${tenantId}'`,
  );
beforeEach(async () => {
  await runOn(one.database.adminUrl, "delete from sendsar.uploads", "delete from sendsar.storage_usage");
  await setQuota("a", undefined);
});

/** What the counters must say, counted anew. */
const recount = async (tenantId: string) => {
  const [row] = await runOn<Record<string, string>>(
    one.database.adminUrl,
    `select coalesce(sum(size_bytes) filter (where status = 'completed'), 0) as "bytesUsed",
       count(*) filter (where status = 'completed') as "fileCount",
       coalesce(sum(size_bytes) filter (where status = 'pending'), 0) as "pendingBytes"
     from sendsar.uploads where tenant_id = '${tenantId}'`,
  );
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)]));
};
const expectCounted = async (): Promise<void> => {
  const { quotaBytes: _, ...counted } = (await one.a.api.get("/tenant/storage")).body;
  expect(counted).toEqual(await recount("a"));
};

describe("T1 storage", () => {
  test("T1 §16.16 answers numbers, with a session too, and for a tenant without files", async () => {
    const ann = await createTestUser(one, one.a);
    const { status, body } = await ann.client.get("/tenant/storage");
    expect([status, body]).toEqual([200, { bytesUsed: 0, fileCount: 0, pendingBytes: 0, quotaBytes: 10_737_418_240 }]);
    await uploadFile(ann.client, png);
    await presign(ann.client, pdf);
    expect((await one.a.api.get("/tenant/storage")).body).toEqual({
      bytesUsed: png.bytes.length,
      fileCount: 1,
      pendingBytes: pdf.bytes.length,
      quotaBytes: 10_737_418_240,
    });
    expect((await one.b.api.get("/tenant/storage")).body).toMatchObject({
      bytesUsed: 0,
      fileCount: 0,
      pendingBytes: 0,
    });
  });

  test("T1 counts as a recount does, whatever happens at once on two gateways", async () => {
    const ann = await createTestUser(one, one.a);
    const room = await createTestRoom(one.a, [ann]);
    const clients = [ann.client, createTestClient(two.url, { authorization: `Bearer ${ann.token}` })];
    const live = async (n: number): Promise<void> => {
      const client = clients[n % 2] ?? ann.client;
      const { uploadId, uploadUrl } = (await presign(client, n % 3 === 0 ? pdf : png)).body;
      if (n % 5 === 0) return;
      await putBytes(uploadUrl, n % 3 === 0 ? pdf : png);
      await Promise.all([
        client.post(`/chat/uploads/${uploadId}/complete`, {}),
        ...(n % 4 === 0 ? [client.call("DELETE", `/chat/uploads/${uploadId}`)] : []),
      ]);
      const sent = await client.post(`/chat/rooms/${room.id}/messages`, { parts: [filePart(uploadId, png)] });
      if (n % 2 === 0 && sent.status === 201) {
        await client.call("DELETE", `/chat/rooms/${room.id}/messages/${sent.body.id}`);
      }
    };
    await Promise.all(Array.from({ length: 40 }, (_, n) => live(n)));
    await expectCounted();
    expect((await recount("a"))["fileCount"]).toBeGreaterThan(0);
    await one.a.api.call("DELETE", `/chat/rooms/${room.id}`);
    await expectCounted();
  });
});

describe("E12 quotas", () => {
  test("E12 a tenant's files stay within its quota, announced ones counted; another tenant's are not affected", async () => {
    const size = png.bytes.length;
    await setQuota("a", size * 3);
    await uploadFile(one.a.api, png);
    const { uploadId } = (await presign(one.a.api, png)).body;
    expect((await presign(one.a.api, png)).status).toBe(201);
    expectRefusal(await presign(one.a.api, png), "storage_quota_exceeded");
    expect((await one.a.api.get("/tenant/storage")).body).toMatchObject({
      quotaBytes: size * 3,
      pendingBytes: size * 2,
    });
    expect((await presign(one.b.api, png)).status).toBe(201);
    await one.a.api.call("DELETE", `/chat/uploads/${uploadId}`);
    expect((await presign(one.a.api, png)).status).toBe(201);
    expectRefusal(await presign(one.a.api, png), "storage_quota_exceeded");
    await setQuota("a", size - 1);
    expectRefusal(await presign(one.a.api, png), "storage_quota_exceeded");
  });

  test("E12 so many at once on two gateways get no more than there is", async () => {
    await setQuota("a", png.bytes.length * 10);
    const peer = createTestClient(two.url, { "x-api-key": one.a.apiKey });
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => presign(n % 2 === 0 ? one.a.api : peer, png)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(answers.filter(({ body }) => body.code === "storage_quota_exceeded")).toHaveLength(20);
  });

  test("E12 one user begins so many and no more, and others go on", async () => {
    const [ann, bo] = [await createTestUser(one, one.a), await createTestUser(one, one.a)];
    const answers = await Promise.all(Array.from({ length: 60 }, () => presign(ann.client, png)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const answer of refused) {
      expectRefusal(answer, "too_many_uploads");
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    }
    expect((await presign(bo.client, png)).status).toBe(201);
    const { uploadId } = answers.find(({ status }) => status === 201)?.body ?? {};
    await ann.client.call("DELETE", `/chat/uploads/${uploadId}`);
    expect((await presign(ann.client, png)).status).toBe(201);
  });
});

describe("chat.media settings", () => {
  test("§12 are what counts: off, other types, other sizes, another time", async () => {
    const set = (media: unknown) => one.a.api.patch("/tenant/settings", { chat: { media } });
    await set({ enabled: false });
    expectRefusal(await presign(one.a.api, png), "uploads_disabled");
    await set({ enabled: true, allowedMimeTypes: ["application/zip"], presignTtlSeconds: 60 });
    expectRefusal(await presign(one.a.api, png), "media_type_not_allowed");
    const zip = { filename: "a.zip", mediaType: "application/zip", bytes: Buffer.alloc(10) };
    const { status, body } = await presign(one.a.api, zip);
    expect(status).toBe(201);
    expect(Date.parse(body.uploadUrlExpiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
    await set({ allowedMimeTypes: ["image/*"], maxImageSizeBytes: png.bytes.length - 1 });
    expectRefusal(await presign(one.a.api, png), "file_too_large");
    await set(null);
    expect((await presign(one.a.api, png)).status).toBe(201);
  });
});
