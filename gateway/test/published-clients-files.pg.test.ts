import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { PublishedClient } from "../../scripts/testing/published-client.ts";
import type { TwoGateways } from "../../scripts/testing/published-scene.ts";
import { createPublishedScene, startTwoGateways } from "../../scripts/testing/published-scene.ts";
import type { SampleFile } from "../../scripts/testing/sample-files.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { runOn } from "../../scripts/testing/test-server.ts";

// What the published clients rely on (contract §16), as they do it, on two gateways over one database: files.

const { png, webm } = sampleFiles;

/** The browser's cache drops links that end within this time. */
const cacheMarginMs = 300_000;

let gateways: TwoGateways;
beforeAll(async () => {
  gateways = await startTwoGateways();
});
afterAll(() => gateways[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(gateways.one), ...loggedFailures(gateways.two)]).toEqual([]);
});

/** Presign, PUT with the type as the only header, complete; as the clients do. Answers the part to send. */
const upload = async (client: PublishedClient, { filename, mediaType, bytes }: SampleFile): Promise<Wire> => {
  const { uploadId, uploadUrl, method } = await client.call("POST", "/chat/uploads/presign", {
    filename,
    mediaType,
    sizeBytes: bytes.length,
  });
  const put = await fetch(uploadUrl, {
    method,
    headers: { "Content-Type": mediaType },
    body: new Uint8Array(bytes),
  });
  expect(put.ok).toBe(true);
  await client.call("POST", `/chat/uploads/${uploadId}/complete`, {});
  return { type: "file", uploadId, mediaType, filename };
};

const sendParts = (client: PublishedClient, path: string, parts: readonly unknown[], more = {}): Promise<Wire> =>
  client.call("POST", `${path}/messages`, { senderId: client.userId, parts, ...more });

const expectLink = async (part: Wire, bytes: Buffer): Promise<void> => {
  expect(part.url).toBe(part.accessUrl);
  expect(Date.parse(part.accessUrlExpiresAt) - Date.now()).toBeGreaterThan(cacheMarginMs);
  const file = await fetch(part.url);
  expect(Buffer.from(await file.arrayBuffer())).toEqual(bytes);
};

describe("W15 links to files", () => {
  test("W15 signed, good for more than five minutes, in url too: answers, events, pages, parents and the batch call", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, path } = scene;
    const part = await upload(ann, png);
    const sent = await sendParts(ann, path, [part, { type: "text", text: "a caption" }]);
    const reply = await sendParts(bo, path, [{ type: "text", text: "nice" }], { parentMessageId: sent.id });
    const event = await bo.socket.next("new-message", ({ id }) => id === sent.id);
    const page = await bo.call("GET", `${path}/messages?limit=50`);
    const parents = [reply, page.messages[0]].map(({ parentMessage }) => parentMessage);
    for (const { parts } of [sent, event, page.messages[1], ...parents]) await expectLink(parts[0], png.bytes);
    await bo.call("POST", `${path}/messages/${sent.id}/reactions`, { userId: bo.userId, emoji: "👍" });
    const updated = await ann.socket.next("message-updated", ({ id }) => id === sent.id);
    await expectLink(updated.parts[0], png.bytes);
    const { urls } = await bo.call("POST", "/chat/uploads/access", { uploadIds: [part.uploadId, "no-upload"] });
    expect(urls).toHaveLength(1);
    await expectLink({ ...urls[0], url: urls[0].accessUrl }, png.bytes);
    const one = await bo.call("GET", `/chat/uploads/${part.uploadId}/access`);
    await expectLink({ ...one, url: one.accessUrl }, png.bytes);
  });

  test("W15 a url that comes back with an edit is ignored for uploads, and no signed link is stored", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, path } = scene;
    const part = await upload(ann, png);
    const sent = await sendParts(ann, path, [{ ...part, url: "https://evil.example/x.png" }]);
    await expectLink(sent.parts[0], png.bytes);
    const { accessUrl, accessUrlExpiresAt, ...kept } = sent.parts[0];
    const edited = await ann.call("PATCH", `${path}/messages/${sent.id}`, {
      userId: ann.userId,
      parts: [
        { ...kept, url: `${accessUrl}x` },
        { type: "text", text: accessUrlExpiresAt },
      ],
    });
    await expectLink(edited.parts[0], png.bytes);
    await bo.socket.next("message-updated", ({ id }) => id === sent.id);
    const stored = await runOn<{ parts: string }>(
      gateways.one.database.adminUrl,
      `select parts::text as parts from sendsar.messages where message_id = '${sent.id}'`,
    );
    expect(stored).toHaveLength(1);
    expect(stored[0]?.parts).not.toMatch(/https?:/);
  });
});

describe("W16 storage", () => {
  test("W16 the counters are numbers, with a session, at both gateways", async () => {
    using scene = await createPublishedScene(gateways);
    const before = await scene.ann.call("GET", "/tenant/storage");
    await upload(scene.ann, png);
    for (const client of [scene.ann, scene.bo]) {
      const storage = await client.call("GET", "/tenant/storage");
      for (const name of ["bytesUsed", "fileCount", "pendingBytes"]) expect(storage[name], name).toBeTypeOf("number");
      expect(storage.bytesUsed - before.bytesUsed).toBe(png.bytes.length);
      expect(storage.fileCount - before.fileCount).toBe(1);
    }
  });
});

describe("W29 media types", () => {
  test("W29 a voice message's type is compared without its parameters", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, path } = scene;
    expect(webm.mediaType).toContain(";codecs=");
    await gateways.one.a.api.patch("/tenant/settings", { chat: { media: { allowedMimeTypes: ["audio/webm"] } } });
    const sent = await sendParts(ann, path, [await upload(ann, webm)]);
    const { parts } = await bo.socket.next("new-message", ({ id }) => id === sent.id);
    await expectLink(parts[0], webm.bytes);
    await gateways.one.a.api.patch("/tenant/settings", { chat: { media: null } });
  });
});
