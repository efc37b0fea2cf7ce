import { expect, test, vi } from "vitest";
import { type UploadProgress, putFile } from "../src/put-file.ts";
import { uploadFile } from "../src/uploads.ts";
import { failureOf } from "./failure-of.ts";
import { toAnswer } from "./gateway-double.ts";
import { hurried, withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();

const menu = new Blob(["# Menu"], { type: "text/markdown" });
const heard = (): string[] => given.gateway.requests.map(({ method, path }) => `${method} ${path}`);
const presign = "POST /v1/chat/uploads/presign";
const put = "PUT /store/upload-1";
const complete = "POST /v1/chat/uploads/upload-1/complete";
const forget = "DELETE /v1/chat/uploads/upload-1";
const presigned = {
  status: 201,
  body: { uploadId: "upload-1", uploadUrl: "http://127.0.0.1:9/store/upload-1", method: "PUT", uploadUrlExpiresAt: "" },
};

test("[UP1] asks for an address, puts the bytes with their type alone, and tells the server", async () => {
  const chat = await given.connectAs("ann");
  const file = await uploadFile(chat, menu, { roomId: "r1", filename: "menu.md" });
  expect(file).toEqual({ uploadId: "upload-1", mediaType: "text/plain", filename: "menu.txt", sizeBytes: 6 });
  expect(heard()).toEqual([presign, put, complete]);
  const [asked, bytes, told] = given.gateway.requests;
  expect(asked?.body).toEqual({ filename: "menu.md", mediaType: "text/markdown", sizeBytes: 6, roomId: "r1" });
  expect(asked?.headers["idempotency-key"]).toBeDefined();
  expect(bytes?.body).toBe("# Menu");
  expect(bytes?.headers).toMatchObject({ "content-type": "text/markdown", "content-length": "6" });
  expect(bytes?.headers).not.toHaveProperty("authorization");
  expect(told?.body).toEqual({});
});

test("[UP1] takes name and type from the file, from the options, or the usual ones", async () => {
  const chat = await given.connectAs("ann");
  await uploadFile(chat, new File(["x"], "photo.png", { type: "image/png" }));
  await uploadFile(chat, new File(["x"], "photo.png"), { filename: "other.jpg", mediaType: "image/jpeg" });
  await uploadFile(chat, new Blob(["x"]));
  const asked = given.gateway.requests.filter(({ path }) => path.endsWith("/presign")).map(({ body }) => body);
  expect(asked).toMatchObject([
    { filename: "photo.png", mediaType: "image/png" },
    { filename: "other.jpg", mediaType: "image/jpeg" },
    { filename: "file", mediaType: "application/octet-stream" },
  ]);
});

test("[UP2] tells the beginning and the end where no more is to be had, and survives a handler that throws", async () => {
  const reported: unknown[] = [];
  const chat = await given.connectAs("ann", { reportError: (error) => reported.push(error) });
  const told: UploadProgress[] = [];
  const bug = new Error("bug in the app");
  await uploadFile(chat, menu, {
    onProgress: (progress) => {
      told.push(progress);
      throw bug;
    },
  });
  expect(told).toEqual([
    { sentBytes: 0, totalBytes: 6 },
    { sentBytes: 6, totalBytes: 6 },
  ]);
  expect(reported).toEqual([bug, bug]);
});

test("[UP3] has the server forget what the file store did not take", async () => {
  const chat = await given.connectAs("ann");
  given.gateway.nextAnswers.push(
    { ...presigned, body: { ...presigned.body, uploadUrl: `${new URL(given.gateway.apiUrl).origin}/store/upload-1` } },
    { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" },
  );
  expect(await failureOf(uploadFile(chat, menu))).toMatchObject({
    code: "upload_failed",
    status: 403,
    message: "unable to upload the file; the file store answered 403",
  });
  await vi.waitFor(() => expect(heard()).toEqual([presign, put, forget]));
});

test("[UP3] has the server forget what it did not accept, and tells its reason", async () => {
  const chat = await given.connectAs("ann");
  given.gateway.hold = ({ path }) => {
    if (path.startsWith("/store")) given.gateway.nextAnswers.push(toAnswer(413, "file_too_large", "Too large"));
    return undefined;
  };
  expect(await failureOf(uploadFile(chat, menu))).toMatchObject({ code: "file_too_large", status: 413 });
  given.gateway.hold = undefined;
  await vi.waitFor(() => expect(heard()).toEqual([presign, put, complete, forget]));
});

test("[UP3] asks for nothing more when no address is given", async () => {
  const chat = await given.connectAs("ann");
  given.gateway.nextAnswers.push(toAnswer(415, "media_type_not_allowed", "Files of this type are not allowed"));
  expect(await failureOf(uploadFile(chat, menu))).toMatchObject({ code: "media_type_not_allowed" });
  expect(heard()).toEqual([presign]);
});

test("[UP3] ends when its signal is aborted, while the bytes are under way and before", async () => {
  const chat = await given.connectAs("ann");
  const stopping = new AbortController();
  given.gateway.hold = ({ path }) => {
    if (path.startsWith("/store")) stopping.abort();
    return undefined;
  };
  expect(await failureOf(uploadFile(chat, menu, { signal: stopping.signal }))).toMatchObject({
    code: "aborted",
    message: "unable to upload the file; it was given up",
  });
  await vi.waitFor(() => expect(heard()).toEqual([presign, put, forget]));
  expect(await failureOf(uploadFile(chat, menu, { signal: stopping.signal }))).toMatchObject({ code: "aborted" });
  expect(heard()).toHaveLength(3);
});

test("[UP3] ends at disconnect", async () => {
  const chat = await given.connectAs("ann");
  given.gateway.hold = ({ path }) => (path.startsWith("/store") ? chat.disconnect() : undefined);
  expect(await failureOf(uploadFile(chat, menu))).toMatchObject({ code: "aborted" });
});

test("[UP4] puts the bytes again while the network breaks or the store is away, three times at most", async () => {
  const chat = await given.connectAs("ann", hurried);
  const fates: ("cut" | { status: number; body: string })[] = ["cut", { status: 503, body: "" }];
  given.gateway.hold = ({ path }) => {
    if (path.endsWith("/presign") || path.startsWith("/store")) {
      const fate = fates.shift();
      if (fate !== undefined) given.gateway.nextAnswers.push(fate);
    }
    return undefined;
  };
  await uploadFile(chat, menu);
  expect(heard()).toEqual([presign, put, put, put, complete]);
  given.gateway.requests.length = 0;
  fates.push("cut", "cut", "cut");
  expect(await failureOf(uploadFile(chat, menu))).toMatchObject({ code: "network" });
  await vi.waitFor(() => expect(heard()).toEqual([presign, put, put, put, forget]));
});

test("a file that goes nowhere says so", async () => {
  const signal = new AbortController().signal;
  const target = { url: "http://127.0.0.1:9/", file: menu, mediaType: "text/plain" };
  const failure = await failureOf(putFile({ fetch, setTimer: () => () => {} }, target, signal, () => {}));
  expect(failure).toMatchObject({ code: "network", message: expect.stringContaining("unable to upload the file; ") });
});
