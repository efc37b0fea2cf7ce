import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { publishedHeaders } from "../../scripts/testing/published-client.ts";
import type { TwoGateways } from "../../scripts/testing/published-scene.ts";
import { createPublishedScene, startTwoGateways, text } from "../../scripts/testing/published-scene.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";
import { presign, uploadFile } from "../../scripts/testing/upload-file.ts";

// What the published clients rely on (contract §16), as they do it, on two gateways over one database: REST calls.

let gateways: TwoGateways;
beforeAll(async () => {
  gateways = await startTwoGateways();
});
afterAll(() => gateways[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(gateways.one), ...loggedFailures(gateways.two)]).toEqual([]);
});

describe("W01 a DELETE with a JSON content type and an empty body is done", () => {
  test("W01 unpin, delete message, abort upload, unregister device, remove participant, delete conversation", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, cy, path } = scene;
    const { id } = await ann.call("POST", `${path}/messages`, { senderId: ann.userId, parts: text("hello") });
    await bo.call("POST", `${path}/messages/${id}/pin`, { userId: bo.userId });
    const unpinned = await bo.call("DELETE", `${path}/messages/${id}/pin?userId=${bo.userId}`);
    expect(unpinned).toMatchObject({ id, pinnedAt: null, pinnedBy: null });
    const deleted = await ann.call("DELETE", `${path}/messages/${id}?userId=${ann.userId}`);
    expect(deleted).toMatchObject({ id, parts: [], deletedAt: expect.any(String) });

    const { uploadId } = await bo.call("POST", "/chat/uploads/presign", {
      filename: "menu.pdf",
      mediaType: "application/pdf",
      sizeBytes: 48_211,
    });
    await bo.callBlindly("DELETE", `/chat/uploads/${uploadId}`);
    await expect(bo.call("POST", `/chat/uploads/${uploadId}/complete`, {})).rejects.toThrow("failed: 404: ");
    const token = `${bo.userId}:token`;
    await bo.call("POST", "/users/me/device-tokens", { provider: "FCM", token, platform: "android" });
    await bo.callBlindly("DELETE", `/users/me/device-tokens/${encodeURIComponent(token)}`);
    expect((await bo.call("GET", "/users/me/device-tokens")).devices).toEqual([]);

    const removed = await ann.call("DELETE", `${path}/participants/${cy.userId}?actorUserId=${ann.userId}`);
    expect(removed.participants).toHaveLength(2);
    expect(await bo.call("DELETE", `${path}/for-me?userId=${bo.userId}`)).toMatchObject({ ok: true, action: "left" });
    await expect(bo.call("GET", path)).rejects.toThrow("failed: 404: ");
  });
});

describe("W02 every call that the clients read answers 2xx with JSON", () => {
  test("W02 one call of each kind, at either gateway", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, path, room } = scene;
    const by = { userId: ann.userId };
    const { id } = await ann.call("POST", `${path}/messages`, { senderId: ann.userId, parts: text("hello") });
    const uploadId = await uploadFile(gateways.one.a.api, sampleFiles.png, by);
    const calls: readonly (readonly [string, string, unknown?])[] = [
      ["GET", "/chat/rooms?limit=50"],
      ["GET", path],
      ["GET", `${path}/messages?limit=50`],
      ["PATCH", `${path}/messages/${id}`, { ...by, parts: text("edited") }],
      ["POST", `${path}/messages/${id}/reactions`, { ...by, emoji: "👍" }],
      ["POST", `${path}/messages/${id}/pin`, by],
      ["GET", `${path}/pinned-messages`],
      ["DELETE", `${path}/messages/${id}/pin?userId=${ann.userId}`],
      ["POST", `${path}/messages/${id}/forward`, { ...by, targetRoomIds: [room.id] }],
      ["POST", `${path}/read`, by],
      ["POST", `${path}/read`, { ...by, lastReadMessageId: null }],
      ["POST", `${path}/delivery`, by],
      ["POST", `${path}/participants`, { userId: `${ann.userId}-added`, username: "Added", actorUserId: ann.userId }],
      ["DELETE", `${path}/participants/${ann.userId}-added?actorUserId=${ann.userId}`],
      ["POST", `/chat/uploads/${uploadId}/complete`, {}],
      ["GET", `/chat/uploads/${uploadId}/access`],
      ["POST", "/chat/uploads/access", { uploadIds: [uploadId] }],
      ["GET", "/tenant/storage"],
      ["POST", "/users/me/device-tokens", { provider: "FCM", token: `${ann.userId}-token`, platform: "web" }],
      ["DELETE", `${path}/messages/${id}?userId=${ann.userId}`],
      ["POST", `${path}/clear-history`, by],
      ["DELETE", `${path}/for-me?userId=${ann.userId}`],
    ];
    for (const [method, callPath, body] of calls) {
      expect(await ann.call(method, callPath, body), `${method} ${callPath}`).toBeTypeOf("object");
    }
    expect(await bo.call("GET", `${path}/messages`)).toBeTypeOf("object");
  });
});

describe("W03 long path parameters", () => {
  test("W03 a device token of 180 characters, and one of 4 KB with slashes and colons, can be unregistered", async () => {
    using scene = await createPublishedScene(gateways);
    for (const token of ["f".repeat(180), "a/b:c d%".repeat(512).slice(0, 4096)]) {
      const { bo } = scene;
      await bo.call("POST", "/users/me/device-tokens", { provider: "FCM", token, platform: "ios" });
      await bo.callBlindly("DELETE", `/users/me/device-tokens/${encodeURIComponent(token)}`);
      expect((await bo.call("GET", "/users/me/device-tokens")).devices).toEqual([]);
    }
  });
});

describe("W04 browsers of any origin", () => {
  const origin = "https://customer.example";

  test("W04 preflights of calls, of sockets that poll, and of the address that bytes are put to", async () => {
    const { one, two, apiUrls } = gateways;
    const ann = await createTestUser(one, one.a);
    const { uploadUrl } = (await presign(ann.client, sampleFiles.png)).body;
    const preflights: readonly (readonly [string, string, string])[] = [
      ...apiUrls.flatMap((url) =>
        ["GET", "POST", "PATCH", "DELETE"].map((m) => [`${url}/chat/rooms`, m, "authorization,content-type"] as const),
      ),
      [`${two.url}/socket.io/?EIO=4&transport=polling`, "POST", "content-type"],
      [uploadUrl, "PUT", "content-type"],
    ];
    for (const [url, method, headers] of preflights) {
      const answer = await fetch(url, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": method, "access-control-request-headers": headers },
      });
      const allowed = (name: string) => answer.headers.get(`access-control-allow-${name}`)?.toLowerCase() ?? "";
      expect([url, answer.status]).toEqual([url, 204]);
      expect([url, allowed("origin")]).toEqual([url, "*"]);
      expect(allowed("methods"), url).toContain(method.toLowerCase());
      for (const header of headers.split(",")) expect(allowed("headers"), url).toContain(header);
    }
  });

  test("W04 answers and refusals are readable: calls, the opening of a socket, a file behind its link", async () => {
    const { one, two, apiUrls } = gateways;
    const ann = await createTestUser(one, one.a);
    const uploadId = await uploadFile(ann.client, sampleFiles.png);
    const { accessUrl } = (await ann.client.get(`/chat/uploads/${uploadId}/access`)).body;
    const session = { headers: { ...publishedHeaders(ann.token), origin } };
    const answers = [
      await fetch(`${apiUrls[1]}/chat/rooms`, session),
      await fetch(`${apiUrls[1]}/chat/rooms/${uploadId}`, session),
      await fetch(`${apiUrls[0]}/chat/rooms`, { headers: { origin } }),
      await fetch(`${two.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } }),
      await fetch(accessUrl, { headers: { origin } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 401, 200, 200]);
    for (const { headers } of answers) expect(headers.get("access-control-allow-origin")).toBe("*");
  });
});
