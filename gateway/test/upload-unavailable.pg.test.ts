import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startAnotherGateway } from "../../scripts/testing/another-gateway.ts";
import { createUserClient } from "../../scripts/testing/client.ts";
import type { TestClient } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { expectNoInsides, expectRefusal } from "../../scripts/testing/refusals.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { filePart, presign, putBytes, uploadFile } from "../../scripts/testing/upload-file.ts";

const { png } = sampleFiles;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** A user with a room and a message that has a file. */
const createScene = async () => {
  const ann = await createTestUser(gateway, gateway.a);
  const room = await createTestRoom(gateway.a, [ann]);
  const uploadId = await uploadFile(ann.client, png);
  const messages = `/chat/rooms/${room.id}/messages`;
  await ann.client.post(messages, { parts: [filePart(uploadId, png)] });
  return { ann, uploadId, messages };
};

describe("FILE_STORE=none", () => {
  test("F1 uploads answer 503, and messages work, with files that have no links", async () => {
    const { ann, uploadId, messages } = await createScene();
    await using bare = await startAnotherGateway(gateway, { files: { kind: "none" } });
    const client: TestClient = createUserClient(bare.url, ann.token);
    const unavailable = [
      await presign(client, png),
      await client.post(`/chat/uploads/${randomUUID()}/complete`, {}),
      await client.get(`/chat/uploads/${uploadId}/access`),
      await client.post("/chat/uploads/access", { uploadIds: [uploadId] }),
    ];
    for (const answer of unavailable) expectRefusal(answer, "storage_unavailable");
    expect((await fetch(`${bare.url}/files/x/y`)).status).toBe(404);
    expect((await fetch(`${bare.url}/files/x`, { method: "PUT", body: "x" })).status).toBe(404);
    expect((await client.get("/tenant/storage")).body).toMatchObject({ fileCount: 1 });
    const [message] = (await client.get(messages)).body.messages;
    expect(message.parts).toEqual([filePart(uploadId, png)]);
    expect((await client.post(messages, { parts: [{ type: "text", text: "still here" }] })).status).toBe(201);
  });
});

describe("a store that cannot be used", () => {
  test("34 answers 503 without its reason, which is in the log; messages are not affected", async () => {
    const { ann, messages } = await createScene();
    const dir = join(gateway.filesDir, `file-${randomUUID()}`);
    await writeFile(dir, "not a folder");
    const files = { kind: "disk", dir, publicUrl: gateway.url } as const;
    await using broken = await startAnotherGateway(gateway, { files });
    const client = createUserClient(broken.url, ann.token);
    await vi.waitFor(async () => expect((await fetch(`${broken.url}/readyz`)).status).toBe(200));
    const { uploadId, uploadUrl } = (await presign(client, png)).body;
    const put = await putBytes(uploadUrl.replace(gateway.url, broken.url), png);
    const text = await put.text();
    expect(put.status).toBe(503);
    expect(put.headers.get("retry-after")).toBe("1");
    expectNoInsides(text);
    expect(text).not.toContain(gateway.filesDir);
    expect(JSON.parse(text)).toMatchObject({ code: "storage_unavailable" });
    expectRefusal(await client.post(`/chat/uploads/${uploadId}/complete`, {}), "storage_unavailable");
    expect(broken.log.some((line) => line.includes("unable to write a file; "))).toBe(true);
    expect(broken.log.some((line) => line.includes("unable to use the folder of the files; "))).toBe(true);
    expect((await client.post(messages, { parts: [{ type: "text", text: "fine" }] })).status).toBe(201);
    const [, message] = (await client.get(messages)).body.messages;
    expect(message.parts[0].url).toContain("/files/");
  });

  test("34 a file that is missing from the folder answers 503, and is in the log", async () => {
    const { ann, uploadId } = await createScene();
    const { accessUrl } = (await ann.client.get(`/chat/uploads/${uploadId}/access`)).body;
    await rm(join(gateway.filesDir, "a"), { recursive: true });
    const answer = await fetch(accessUrl);
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: "storage_unavailable" }]);
    expect(gateway.log.some((line) => line.includes("unable to read a file; ENOENT"))).toBe(true);
  });
});
