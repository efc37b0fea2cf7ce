import { randomUUID } from "node:crypto";
import type { EndpointId } from "@sendsar/protocol/endpoints";
import { endpoints } from "@sendsar/protocol/endpoints";
import type { TestAnswer } from "./client.ts";
import { createUserClient } from "./client.ts";
import type { EndpointRequest, RequestSubject } from "./every-request.ts";
import { everyRequest } from "./every-request.ts";
import type { TestGateway, TestTenant } from "./gateway.ts";
import { sampleFiles } from "./sample-files.ts";
import { mintToken, seedRoom } from "./seed-room.ts";
import { uploadFile } from "./upload-file.ts";

/**
 * Calls every endpoint once, as somebody who may: a user where the endpoint is for users, else the backend. Each call gets
 * a room, people, a file and an app of its own, because some delete what others need.
 */
export const callEvery = async (
  gateway: Pick<TestGateway, "url">,
  tenant: TestTenant,
  toBody: (request: EndpointRequest) => unknown = ({ body }) => body,
): Promise<Map<EndpointId, TestAnswer>> => {
  const answers = new Map<EndpointId, TestAnswer>();
  for (const id of Object.keys(endpoints) as EndpointId[]) {
    const subject = await seedSubject(tenant);
    const request = everyRequest(subject).find((one) => one.id === id);
    if (!request) throw new Error(`unable to call ${id}; there is no request for it`);
    const client =
      request.auth === "session"
        ? createUserClient(gateway.url, await mintToken(tenant.api, subject.userId))
        : tenant.api;
    answers.set(id, await client.call(request.method, request.path, toBody(request)));
  }
  return answers;
};

/** Everything that a request can be about, there and its user's own. */
const seedSubject = async ({ api }: TestTenant): Promise<RequestSubject> => {
  const [id, other, appCode] = [`user-${randomUUID()}`, `other-${randomUUID()}`, "seeded"];
  const room = await seedRoom(api, { people: [id, other], externalId: `everything-${id}` });
  await api.post(`/chat/rooms/${room.roomId}/participants`, { userId: `${id}-added` });
  // There already, unless the call before deleted it.
  await api.post("/tenant-apps", { appCode });
  const uploadId = await uploadFile(api, sampleFiles.pdf, { userId: id });
  return { ...room, uploadId, appCode };
};
