import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestGateway, type TestPeer, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { sampleFiles } from "../../../scripts/testing/sample-files.ts";
import { openFileLinks } from "../src/file-links.ts";
import { getStorage } from "../src/storage-usage.ts";
import { uploadFile } from "../src/uploads.ts";
import { startScene } from "./e2e-scene.ts";
import { failureOf } from "./failure-of.ts";
import { eventually } from "./test-app.ts";

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

const { png } = sampleFiles;
const picture = new File([new Uint8Array(png.bytes)], png.filename, { type: png.mediaType });
const bytesOf = async (url: string): Promise<Buffer> => Buffer.from(await (await fetch(url)).arrayBuffer());

test("[UP1] a file with a caption reaches the other one, who sees its bytes", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const file = await uploadFile(ann.app.chat, picture, { roomId });
  expect(file).toEqual({
    uploadId: expect.any(String),
    mediaType: "image/png",
    filename: png.filename,
    sizeBytes: png.bytes.length,
  });
  const sent = await ann.app.chat.sendMessage(roomId, { files: [file], text: "look" });
  const told = await bob.hears("new-message", ({ id }) => id === sent.id);
  const [part, caption] = told.parts;
  expect(part).toMatchObject({ type: "file", uploadId: file.uploadId, filename: png.filename });
  expect(caption).toEqual({ type: "text", text: "look" });
  expect(part?.["url"]).toBe(part?.["accessUrl"]);
  expect(await bytesOf(String(part?.["accessUrl"]))).toEqual(png.bytes);
});

test("[FL2] [FL3] links come with messages and by themselves, for who may see the file and for nobody else", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const links = openFileLinks(bob.app.chat);
  const file = await uploadFile(ann.app.chat, picture);
  expect(await links.get(file.uploadId)).toBeUndefined();
  const { id } = await ann.app.chat.sendMessage(roomId, { files: [file] });
  await bob.hears("new-message", (message) => message.id === id);
  const link = links.find(file.uploadId) ?? "";
  expect(await bytesOf(link)).toEqual(png.bytes);
  links.close();
  const fresh = openFileLinks(bob.app.chat);
  expect(await bytesOf((await fresh.get(file.uploadId)) ?? "")).toEqual(png.bytes);
  const { messages } = await bob.app.chat.getMessages(roomId);
  const [hydrated] = await fresh.hydrate(messages);
  expect(await bytesOf(String(hydrated?.parts[0]?.["accessUrl"]))).toEqual(png.bytes);
});

test("[UP3] an upload that is given up or refused takes no storage", async () => {
  await using scene = await startScene([one, two]);
  const { ann, roomId } = scene;
  const before = await getStorage(ann.app.chat);
  const stopping = new AbortController();
  const given = uploadFile(ann.app.chat, picture, {
    roomId,
    signal: stopping.signal,
    onProgress: () => stopping.abort(),
  });
  expect(await failureOf(given)).toMatchObject({ code: "aborted" });
  const script = new File(["<script>"], "page.html", { type: "text/html" });
  const refused = await failureOf(uploadFile(ann.app.chat, script, { roomId }));
  expect(refused).toMatchObject({ code: "media_type_not_allowed", status: 415 });
  const elsewhere = uploadFile(ann.app.chat, picture, { roomId: crypto.randomUUID() });
  expect(await failureOf(elsewhere)).toMatchObject({ code: "room_not_found", status: 404 });
  await eventually(async () => expect(await getStorage(ann.app.chat)).toEqual(before));
  await uploadFile(ann.app.chat, picture);
  const after = await getStorage(ann.app.chat);
  expect(after.bytesUsed - before.bytesUsed).toBe(png.bytes.length);
  expect(after.fileCount - before.fileCount).toBe(1);
});
