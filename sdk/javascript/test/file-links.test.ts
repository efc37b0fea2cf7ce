import { expect, test } from "vitest";
import type { ChatClient } from "../src/client.ts";
import { type FileLinks, openFileLinks } from "../src/file-links.ts";
import type { Message, MessagePart } from "../src/wire.ts";
import { failureOf } from "./failure-of.ts";
import { toAnswer } from "./gateway-double.ts";
import { toMessage } from "./test-message.ts";
import { withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();

/** Links with a clock that the test moves, in seconds from now. */
async function open() {
  const startMs = Date.now();
  const clock = { second: 0 };
  const chat: ChatClient = await given.connectAs("ann", { now: () => startMs + clock.second * 1000 });
  const links: FileLinks = openFileLinks(chat);
  const expiresIn = (seconds: number): string => new Date(startMs + seconds * 1000).toISOString();
  const part = (uploadId: string, seconds: number, name = uploadId): MessagePart => ({
    type: "file",
    uploadId,
    accessUrl: `https://files.example/${name}`,
    accessUrlExpiresAt: expiresIn(seconds),
  });
  return { chat, clock, links, expiresIn, part };
}

const asked = (): unknown[] =>
  given.gateway.requests
    .filter(({ path }) => path.endsWith("/access"))
    .map(({ body }) => (body as { readonly uploadIds: readonly string[] }).uploadIds);

const withParts = (seq: number, parts: readonly MessagePart[]): Message => ({ ...toMessage(seq, "r1", "bob"), parts });

test("[FL1] a link that ends within 300 s is not handed out but fetched anew", async () => {
  const { links, clock, part } = await open();
  links.learn([withParts(1, [part("a", 1000)])]);
  clock.second = 700;
  expect(links.find("a")).toBe("https://files.example/a");
  expect(await links.get("a")).toBe("https://files.example/a");
  clock.second = 701;
  expect(links.find("a")).toBeUndefined();
  expect(await links.get("a")).toBe(`${new URL(given.gateway.apiUrl).origin}/files/a`);
  expect(asked()).toEqual([["a"]]);
});

test("[FL2] what is asked for in one go is fetched together, each file once, 100 in a call", async () => {
  const { links } = await open();
  const ids = Array.from({ length: 150 }, (_, index) => `u${index}`);
  const found = await Promise.all([...ids, ...ids].map((id) => links.get(id)));
  expect(found.every((link) => link?.includes("/files/u"))).toBe(true);
  expect(asked()).toEqual([ids.slice(0, 100), ids.slice(100)]);
  await links.get("u7");
  expect(asked()).toHaveLength(2);
});

test("[FL2] when the call fails, whoever waits is told, and the next one asks again", async () => {
  const { links } = await open();
  given.gateway.nextAnswers.push(toAnswer(403, "tenant_suspended", "This tenant is suspended"));
  const failures = await Promise.all([failureOf(links.get("a")), failureOf(links.get("b"))]);
  expect(failures.map(({ code }) => code)).toEqual(["tenant_suspended", "tenant_suspended"]);
  expect(await links.get("a")).toContain("/files/a");
});

test("[FL3] links come with messages, with those they answer, and with events", async () => {
  const { chat, links, part } = await open();
  const reply: Message = {
    ...withParts(1, [part("a", 1000), { type: "file", url: "https://elsewhere.example/x.png" }]),
    parentMessage: { id: "m0", senderId: "bob", previewText: null, deleted: false, parts: [part("b", 1000)] },
  };
  links.learn([reply]);
  expect([links.find("a"), links.find("b")]).toEqual(["https://files.example/a", "https://files.example/b"]);
  const heard = new Promise((resolve) => chat.on("message-updated", resolve));
  given.gateway.emit("new-message", withParts(2, [part("c", 1000)]));
  given.gateway.emit("message-updated", { ...withParts(3, [part("d", 1000)]), changeSeq: 4 });
  await heard;
  expect([links.find("c"), links.find("d")]).toEqual(["https://files.example/c", "https://files.example/d"]);
  links.close();
  const last = new Promise((resolve) => chat.on("new-message", resolve));
  given.gateway.emit("new-message", withParts(5, [part("e", 1000)]));
  await last;
  expect(links.find("e")).toBeUndefined();
});

test("[FL3] of two links the one that is good for longer is kept", async () => {
  const { links, part } = await open();
  links.learn([withParts(1, [part("a", 2000, "long")]), withParts(2, [part("a", 1000, "short")])]);
  expect(links.find("a")).toBe("https://files.example/long");
  links.learn([withParts(3, [part("a", 3000, "longest")])]);
  expect(links.find("a")).toBe("https://files.example/longest");
});

test("[FL4] a file that is not there is not asked for again within a minute", async () => {
  const { links, clock } = await open();
  given.gateway.nextAnswers.push({ status: 200, body: { urls: [] } });
  expect(await links.get("a")).toBeUndefined();
  clock.second = 59;
  expect(await links.get("a")).toBeUndefined();
  expect(asked()).toHaveLength(1);
  clock.second = 60;
  expect(await links.get("a")).toContain("/files/a");
});

test("[FL4] what was fetched is good for a minute, also when this clock is hours ahead", async () => {
  const { links, clock } = await open();
  clock.second = 10 * 3600;
  expect(await links.get("a")).toContain("/files/a");
  expect(links.find("a")).toContain("/files/a");
  await links.get("a");
  expect(asked()).toHaveLength(1);
  clock.second += 61;
  await links.get("a");
  expect(asked()).toHaveLength(2);
});

test("[FL5] hydrate puts good links into file parts, and leaves the other messages as they are", async () => {
  const { links, clock, part } = await open();
  const stale = withParts(1, [part("a", 100), { type: "text", text: "x" }]);
  const fresh = withParts(2, [part("b", 9000)]);
  const plain = toMessage(3, "r1", "bob");
  const answering: Message = {
    ...toMessage(4, "r1", "bob"),
    parentMessage: { id: "m0", senderId: "bob", previewText: null, deleted: false, parts: [part("a", 100)] },
  };
  clock.second = 10;
  const [first, second, third, fourth] = await links.hydrate([stale, fresh, plain, answering]);
  const accessUrl = `${new URL(given.gateway.apiUrl).origin}/files/a`;
  expect(first?.parts).toEqual([
    { type: "file", uploadId: "a", url: accessUrl, accessUrl, accessUrlExpiresAt: expect.any(String) },
    { type: "text", text: "x" },
  ]);
  expect(stale.parts[0]?.["accessUrl"]).toBe("https://files.example/a");
  expect([second, third]).toEqual([fresh, plain]);
  expect(second === fresh && third === plain).toBe(true);
  expect(fourth?.parts).toBe(answering.parts);
  expect(fourth?.parentMessage?.parts[0]).toMatchObject({ accessUrl });
  expect(asked()).toEqual([["a"]]);
});
