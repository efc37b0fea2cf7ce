import type { TestAnswer, TestClient } from "./client.ts";
import type { SampleFile } from "./sample-files.ts";

/** Puts bytes to the address of an upload as the published clients do: the type is the only header that they set. */
export const putBytes = (uploadUrl: string, { bytes, mediaType }: Omit<SampleFile, "filename">): Promise<Response> =>
  fetch(uploadUrl, { method: "PUT", headers: { "content-type": mediaType }, body: new Uint8Array(bytes) });

/** Announces a file. */
export const presign = (
  client: TestClient,
  { filename, mediaType, bytes }: SampleFile,
  more: Readonly<Record<string, unknown>> = {},
): Promise<TestAnswer> =>
  client.post("/chat/uploads/presign", { filename, mediaType, sizeBytes: bytes.length, ...more });

/** Announces a file, puts its bytes and completes it. Answers its id. Throws when any of it is refused. */
export const uploadFile = async (
  client: TestClient,
  file: SampleFile,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> => {
  const announced = requireStatus(await presign(client, file, more), 201);
  const put = await putBytes(announced.body.uploadUrl, file);
  if (put.status !== 200) throw new Error(`unable to put a file; ${put.status} ${await put.text()}`);
  const { uploadId } = announced.body;
  requireStatus(await client.post(`/chat/uploads/${uploadId}/complete`, {}), 200);
  return uploadId;
};

/** A part that shows an uploaded file. */
export const filePart = (uploadId: string, { filename, mediaType }: SampleFile) => ({
  type: "file",
  uploadId,
  mediaType,
  filename,
});

const requireStatus = (answer: TestAnswer, status: number): TestAnswer => {
  if (answer.status !== status) throw new Error(`unable to upload a file; ${JSON.stringify(answer.body)}`);
  return answer;
};
