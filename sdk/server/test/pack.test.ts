import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { version } from "../src/version.ts";
import { type ApiDouble, answering, startApiDouble } from "./api-double.ts";
import { type Consumer, createConsumer } from "./consumer.ts";

const sdkDir = join(import.meta.dirname, "..");
const rootDir = join(sdkDir, "../..");

let consumer: Consumer;
let api: ApiDouble;

beforeAll(async () => {
  api = await startApiDouble();
  consumer = await createConsumer();
}, 180_000);

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await consumer[Symbol.asyncDispose]();
});

test("[S05] the tarball holds the built client, its types, and nothing else", () => {
  const types = [
    "apps",
    "chat-session",
    "client",
    "deps",
    "devices",
    "ensure-rooms",
    "errors",
    "messages",
    "operation",
  ];
  types.push("options", "put-file", "receipts", "rooms", "server-sdk", "session-handler", "sessions");
  types.push("settings-cache", "tenant", "uploads", "users", "version", "webhook", "webhook-event", "wire");
  const files = ["LICENSE", "README.md", "dist/index.js", ...types.map((name) => `dist/types/${name}.d.ts`)];
  expect(consumer.packed).toEqual([...files, "package.json"].toSorted());
});

test("[S05] no file of it holds a secret, a path of this machine, or code of the gateway", async () => {
  const installedDir = join(consumer.dir, "node_modules/@sendsar/server-sdk");
  expect((await readdir(installedDir)).toSorted()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
  const unwanted = [/sk_[a-z0-9]/, /whsec_[a-z0-9]/, /PRIVATE KEY/, rootDir, "fastify", "set_config", "zod"];
  for (const path of consumer.packed) {
    const text = await readFile(join(installedDir, path), "utf8");
    for (const one of unwanted) expect(text, `${path} must not contain ${one}`).not.toMatch(one);
  }
  const license = await readFile(join(installedDir, "LICENSE"), "utf8");
  expect(license).toBe(await readFile(join(rootDir, "LICENSE"), "utf8"));
});

test("the published metadata is complete, and every path in it exists", async () => {
  const manifest = JSON.parse(await readFile(join(sdkDir, "package.json"), "utf8")) as Record<string, never>;
  expect(manifest).toMatchObject({
    name: "@sendsar/server-sdk",
    version,
    license: "Apache-2.0",
    repository: { type: "git", url: "git+https://github.com/sendsar/sendsar.git", directory: "sdk/server" },
    sideEffects: false,
    publishConfig: { access: "public", provenance: true },
  });
  // Nothing comes along with it.
  for (const field of ["dependencies", "peerDependencies", "optionalDependencies"]) {
    expect(manifest).not.toHaveProperty(field);
  }
  const { types, exports } = manifest as Record<string, string>;
  const paths = JSON.stringify([types, exports]).match(/(?<=")\.\/[^"]+/g) ?? [];
  expect(paths).toContain("./dist/index.js");
  for (const path of paths) expect(consumer.packed).toContain(path.slice("./".length));
});

test("Node imports it as an ES module", async () => {
  api.plan(answering(201, { id: "ann", username: "Ann" }));
  const code = `
    import { SendsarError, createSendsar, directExternalId, verifyWebhook, version } from "@sendsar/server-sdk";
    const sendsar = createSendsar({ apiUrl: ${JSON.stringify(api.apiUrl)}, apiKey: "test-key" });
    const { username } = await sendsar.users.upsert({ id: "ann", username: "Ann" });
    const refused = [];
    try { verifyWebhook("{}", {}, "no secret"); } catch (error) { refused.push(error instanceof SendsarError); }
    console.log(username, directExternalId("b", "a"), version, ...refused);
  `;
  await writeFile(join(consumer.dir, "use.js"), code);
  expect(await consumer.run("use.js")).toBe(`Ann dm:a:b ${version} true\n`);
  expect(api.requests[0]?.headers["user-agent"]).toBe(`sendsar-server-sdk/${version} node/${process.versions.node}`);
});

test("the types are exact: what is wrong does not compile", async () => {
  const text = `
    import { createServer, type IncomingMessage } from "node:http";
    import {
      createNodeSessionHandler, createSendsar, createSessionHandler, verifyWebhook,
      type Message, type RoomDetail, type SendsarError, type User,
    } from "@sendsar/server-sdk";

    const sendsar = createSendsar({ apiUrl: "http://localhost:3001/v1", apiKey: "key", fetch, signal: AbortSignal.timeout(5) });
    // @ts-expect-error -- no key
    createSendsar({ apiUrl: "http://localhost:3001/v1" });

    export const user: Promise<User> = sendsar.users.upsert({ id: "ann", username: "Ann", appCode: null });
    // @ts-expect-error -- no name
    void sendsar.users.upsert({ id: "ann" });
    // @ts-expect-error -- nobody sends it
    void sendsar.messages.send("r1", { text: "hello" });
    // @ts-expect-error -- no such role
    void sendsar.rooms.ensureGroup("g1", { participants: [{ id: "ann", role: "BOSS" }] });
    // @ts-expect-error -- a message has a clientMessageId instead
    void sendsar.messages.send("r1", { senderId: "ann", text: "hello" }, { idempotencyKey: "k" });
    void sendsar.rooms.create({ participants: [{ id: "ann" }] }, { idempotencyKey: "k", timeoutMs: 5 });

    export async function use(): Promise<RoomDetail> {
      for await (const message of sendsar.messages.all("r1", { limit: 10 })) {
        const seq: number = message.seq;
        // @ts-expect-error -- a message is readable only
        message.id = "other";
        console.log(seq);
      }
      const room = await sendsar.rooms.ensureDirect("ann", { id: "bo", username: "Bo" });
      // @ts-expect-error -- it may be null
      const name: string = room.name;
      console.log(name);
      return room;
    }

    createServer(createNodeSessionHandler({ sendsar, authenticate: (request: IncomingMessage) => ({ id: request.url ?? "", name: "" }) }));
    createServer(createNodeSessionHandler({ sendsar, authenticate: async () => undefined }));
    // @ts-expect-error -- a user has a name
    createServer(createNodeSessionHandler({ sendsar, authenticate: () => ({ id: "ann" }) }));
    export const POST: (request: Request) => Promise<Response> = createSessionHandler({
      sendsar,
      authenticate: ({ headers }) => (headers.get("cookie") === null ? null : { id: "ann", name: "Ann" }),
      onError: (error) => console.error(error as SendsarError),
    });

    declare const incoming: IncomingMessage;
    const event = verifyWebhook(new Uint8Array(), incoming.headers, ["new", "old"], { toleranceSeconds: 60 });
    export const message: Message | undefined = event.message;
    verifyWebhook("", new Headers(), "secret");
    // @ts-expect-error -- parsed already
    verifyWebhook({ event: "message.created" }, new Headers(), "secret");
  `;
  await writeFile(join(consumer.dir, "consumer.ts"), text);
  expect(await consumer.compile(["consumer.ts"])).toBe("");
  await writeFile(join(consumer.dir, "wrong.ts"), text.replaceAll("@ts-expect-error", ""));
  expect((await consumer.compile(["wrong.ts"])).match(/error TS/g)).toHaveLength(2 * 9);
});
