import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { goodJson, isExactly } from "../../scripts/testing/json-texts.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

test("H03 what is accepted goes through the database and comes back exactly: parts of a message, metadata of a room", async () => {
  const user = await createTestUser(gateway, gateway.a);
  const { id: roomId } = await createTestRoom(gateway.a, [user]);
  await fc.assert(
    fc.asyncProperty(goodJson, async (spelled) => {
      const body = `{"parts":[{"type":"data-any","data":${spelled.text}}]}`;
      const sent = await user.client.post(`/chat/rooms/${roomId}/messages`, body);
      expect(sent.status, body).toBe(201);
      const { messages } = (await user.client.get(`/chat/rooms/${roomId}/messages?limit=1`)).body;
      expect(messages[0].id).toBe(sent.body.id);
      expect(isExactly(spelled, messages[0].parts[0].data), body).toBe(true);

      const room = `{"participants":[{"id":"${user.id}"}],"metadata":{"any":${spelled.text}}}`;
      const created = await gateway.a.api.post("/chat/rooms", room);
      expect(created.status, room).toBe(201);
      const detail = await user.client.get(`/chat/rooms/${created.body.id}`);
      expect(isExactly(spelled, detail.body.metadata.any), room).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test("H03 tenant settings keep numbers and texts exactly, though they are stored as jsonb", async () => {
  await fc.assert(
    fc.asyncProperty(goodJson, async (spelled) => {
      const body = `{"mine":[${spelled.text}]}`;
      const patched = await gateway.a.api.patch("/tenant/settings", body);
      expect(patched.status, body).toBe(200);
      const { mine } = (await gateway.a.api.get("/tenant/settings")).body;
      expect(isExactly(spelled, mine[0]), body).toBe(true);
    }),
    { numRuns: 150 },
  );
});
