import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import type { TestSocket } from "../../scripts/testing/client.ts";
import { connectTestSocket, createUserClient } from "../../scripts/testing/client.ts";
import { connectDeafClient } from "../../scripts/testing/deaf-client.ts";
import type { GatewayProcess } from "../../scripts/testing/gateway-process.ts";
import { startGatewayProcess } from "../../scripts/testing/gateway-process.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";

// C21: a client that stops reading while its room gets traffic. The gateway is a process of its own, so that its memory
// is its own.

let one: TestGateway;
let subject: GatewayProcess;
let roomId: string;
beforeEach(async () => {
  one = await startTestGateway();
  subject = await startGatewayProcess(one);
  const participants = ["speaker", "reader", "deaf"].map((id) => ({ id, username: id }));
  roomId = (await one.a.api.post("/chat/rooms", { name: "R", participants })).body.id;
});
afterEach(async () => {
  await subject[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
});

const bulk = Array.from({ length: 5 }, () => ({ type: "text", text: "x".repeat(10_000) }));
/** Sends so many messages of 50 kB, a few at a time. */
const sendBulk = async (count: number): Promise<void> => {
  const speaker = createUserClient(subject.url, await mintToken(one.a.api, "speaker"));
  let left = count;
  const send = async (): Promise<void> => {
    while (left-- > 0) {
      const { status } = await speaker.post(`/chat/rooms/${roomId}/messages`, { parts: bulk });
      expect(status).toBe(201);
    }
  };
  await Promise.all([send(), send(), send(), send()]);
};
const countBulk = (socket: TestSocket): number => socket.of("new-message").length;

test("C21 it is cut at the cap, memory stays bounded, room-mates miss nothing, and it finds everything when it is back", async () => {
  using reader = await connectTestSocket(subject.url, await mintToken(one.a.api, "reader"));
  const token = await mintToken(one.a.api, "deaf");
  await sendBulk(300);
  await vi.waitFor(() => expect(countBulk(reader)).toBe(300), 20_000);
  const before = await subject.heldBytes();

  const deaf = await Promise.all([1, 2, 3].map(() => connectDeafClient(subject.url, token)));
  await sendBulk(700);
  await vi.waitFor(() => expect(deaf.map((client) => client.isCut())).toEqual([true, true, true]), 5000);
  const after = await subject.heldBytes();
  // Without the cap 35 MB would be waiting for them by now.
  expect(after - before).toBeLessThan(10_000_000);
  expect(subject.log.filter((line) => line.includes("cutting a client that does not read"))).toHaveLength(3);

  await vi.waitFor(() => expect(countBulk(reader)).toBe(1000), 10_000);
  expect(reader.of("new-message").map(({ seq }) => seq)).toEqual(Array.from({ length: 1000 }, (_, n) => n + 2));
  expect(reader.socket.connected).toBe(true);

  using back = await connectTestSocket(subject.url, token);
  expect(back.socket.connected).toBe(true);
  const client = createUserClient(subject.url, token);
  const seqs: number[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page = await client.get(`/chat/rooms/${roomId}/messages?limit=100${cursor && `&cursor=${cursor}`}`);
    seqs.push(...page.body.messages.map(({ seq }: { seq: number }) => seq));
    cursor = page.body.nextCursor;
  }
  expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, n) => n + 2));
  for (const one of deaf) one[Symbol.dispose]();
}, 60_000);

test("C21 one that polls and has stopped polling is cut when too many packets wait for it", async () => {
  const polling = `${subject.url}/socket.io/?EIO=4&transport=polling`;
  const opened = await (await fetch(polling)).text();
  const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
  const post = (body: string) =>
    fetch(`${polling}&sid=${sid}`, { method: "POST", body, headers: { "content-type": "text/plain" } });
  expect((await post(`40${JSON.stringify({ token: await mintToken(one.a.api, "deaf") })}`)).status).toBe(200);
  await vi.waitFor(
    async () => expect(await (await fetch(`${polling}&sid=${sid}`)).text()).toContain("tenant-presence-snapshot"),
    5000,
  );

  const speaker = createUserClient(subject.url, await mintToken(one.a.api, "speaker"));
  let left = limits.socketBacklogPacketsMax + 50;
  const send = async (): Promise<void> => {
    while (left-- > 0)
      expect(
        (await speaker.post(`/chat/rooms/${roomId}/messages`, { parts: [{ type: "text", text: "t" }] })).status,
      ).toBe(201);
  };
  await Promise.all(Array.from({ length: 8 }, send));
  // Its session is gone: whoever asks for it is told so, as after a lost connection.
  await vi.waitFor(async () => expect((await post("3")).status).toBe(400), 5000);
  expect(subject.log.filter((line) => line.includes("cutting a client that does not read"))).toHaveLength(1);
}, 60_000);
