import { randomUUID } from "node:crypto";
import type { EndpointId } from "@sendsar/protocol/endpoints";
import { endpoints } from "@sendsar/protocol/endpoints";
import type { TestClient } from "../../../scripts/testing/client.ts";
import type { EndpointRequest, RequestSubject } from "../../../scripts/testing/every-request.ts";
import { everyRequest } from "../../../scripts/testing/every-request.ts";
import { sampleFiles } from "../../../scripts/testing/sample-files.ts";
import { filePart, uploadFile } from "../../../scripts/testing/upload-file.ts";
import type { MatrixActor } from "./actors.ts";
import { canary } from "./actors.ts";

/** The room RA of tenant A, as new: a1 operates it, a2 is in it, a4 was. */
export type Place = Required<Omit<RequestSubject, "userId">> & {
  /** A file that no message has. */
  readonly looseUploadId: string;
};

/** Makes all that a request can be about. Users of the other tenant have the same ids. */
export const createPlace = async (apis: { readonly a: TestClient; readonly b: TestClient }): Promise<Place> => {
  const run = randomUUID();
  const otherUserId = `other-${run}`;
  const { a, b } = apis;
  await a.post("/users", { id: otherUserId, username: `Other ${canary.tenant}` });
  await b.post("/users", { id: otherUserId, username: "Other" });
  const people = ["a1", "a2", "a4", otherUserId].map((id) => ({ id }));
  const room = await a.post("/chat/rooms", { name: canary.room, externalId: `ra:${run}`, participants: people });
  const roomId = room.body.id as string;
  const file = { ...sampleFiles.png, filename: `${canary.room}.png` };
  const [uploadId, looseUploadId] = [
    await uploadFile(a, file, { userId: "a1" }),
    await uploadFile(a, file, { userId: "a1" }),
  ];
  const message = await a.post(`/chat/rooms/${roomId}/messages`, {
    senderId: "a1",
    parts: [filePart(uploadId, file), { type: "text", text: canary.room }],
  });
  await a.call("DELETE", `/chat/rooms/${roomId}/participants/a4`);
  const token = `${canary.room}-device-${run}`;
  await a.post(`/users/${otherUserId}/device-tokens`, { provider: "FCM", token });
  const appCode = `app-${run}`;
  await a.post("/tenant-apps", { appCode, name: canary.tenant });
  return { roomId, messageId: message.body.id, otherUserId, uploadId, looseUploadId, token, appCode };
};

/** Takes away what there can only be so many of in a tenant. */
export const removePlace = async ({ a }: { readonly a: TestClient }, { appCode }: Place): Promise<void> =>
  void (await a.call("DELETE", `/tenant-apps/${appCode}`));

/** Ids of what nobody has, in place of all that is another's. */
export const unknownPlace = (): Place => ({
  roomId: randomUUID(),
  messageId: randomUUID(),
  otherUserId: `nobody-${randomUUID()}`,
  uploadId: randomUUID(),
  looseUploadId: randomUUID(),
  token: randomUUID(),
  appCode: `app-${randomUUID()}`,
});

/** What an actor asks for at a place. Files are completed and given up before a message has them. */
export const requestAt = (place: Place, id: EndpointId, { userId }: MatrixActor): EndpointRequest => {
  const isLoose = id === "completeUpload" || id === "abortUpload";
  const subject = { ...place, userId, ...(isLoose && { uploadId: place.looseUploadId }) };
  const request = everyRequest(subject).find((one) => one.id === id);
  if (!request) throw new Error(`unable to ask for ${id}; the contract does not have it`);
  return request;
};

/** Every endpoint of the contract. */
export const endpointIds = Object.keys(endpoints) as EndpointId[];
