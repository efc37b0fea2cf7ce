import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildSdk } from "../build.ts";
import { readExamples } from "./examples.ts";
import { type GatewayDouble, startGatewayDouble } from "./gateway-double.ts";

const run = promisify(execFile);
const sdkDir = join(import.meta.dirname, "..");
const rootDir = join(sdkDir, "../..");

let consumerDir: string;
let packed: string[];
let gateway: GatewayDouble;

beforeAll(async () => {
  gateway = await startGatewayDouble();
  await buildSdk();
  consumerDir = await mkdtemp(join(tmpdir(), "sendsar-consumer-"));
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", consumerDir];
  const { stdout } = await run("npm", pack, { cwd: sdkDir });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  packed = files.map(({ path }) => path).sort();
  await writeFile(join(consumerDir, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const install = ["install", filename, "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", install, { cwd: consumerDir });
}, 180_000);

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await rm(consumerDir, { recursive: true, force: true });
});

test("[S05] the tarball holds the built client, its types, and nothing else", () => {
  const types = [
    "call-log",
    "chat-calls",
    "client",
    "deleted-messages",
    "delivery-receipts",
    "deps",
    "devices",
    "emitter",
    "errors",
    "file-links",
    "membership",
    "messages",
    "options",
    "outbox-entry",
    "paging",
    "presence",
    "preview",
    "put-file",
    "rate-limits",
    "reactions",
    "read-ticks",
    "rest-request",
    "room-order",
    "room-presence",
    "room-state",
    "room-subscription",
    "room-view",
    "sendsar",
    "session-route",
    "storage-usage",
    "typing",
    "typists",
    "uploads",
    "wire",
  ];
  expect(packed).toEqual([
    "LICENSE",
    "README.md",
    "dist/index.js",
    "dist/sendsar.js",
    "dist/sendsar.mjs",
    ...types.map((name) => `dist/types/${name}.d.ts`),
    "package.json",
  ]);
});

test("[S05] no file of it holds a secret, a path of this machine, or code of the gateway", async () => {
  const installedDir = join(consumerDir, "node_modules/@sendsar/chat-sdk-javascript");
  expect((await readdir(installedDir)).sort()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
  for (const path of packed) {
    const text = await readFile(join(installedDir, path), "utf8");
    for (const unwanted of [/sk_[a-z0-9]/, /whsec_/, /PRIVATE KEY/, rootDir, "fastify", "set_config", "workspace:"]) {
      expect(text, `${path} must not contain ${unwanted}`).not.toMatch(unwanted);
    }
  }
  const license = await readFile(join(installedDir, "LICENSE"), "utf8");
  expect(license).toBe(await readFile(join(rootDir, "LICENSE"), "utf8"));
});

test("the published metadata is complete, and every path in it exists", async () => {
  const manifest = JSON.parse(await readFile(join(sdkDir, "package.json"), "utf8")) as Record<string, never>;
  expect(manifest).toMatchObject({
    name: "@sendsar/chat-sdk-javascript",
    license: "Apache-2.0",
    repository: { type: "git", url: "git+https://github.com/sendsar/sendsar.git", directory: "sdk/javascript" },
    sideEffects: false,
    publishConfig: { access: "public", provenance: true },
    dependencies: { "socket.io-client": expect.stringMatching(/^\d+\.\d+\.\d+$/) },
  });
  const { unpkg, jsdelivr, types, exports } = manifest as Record<string, string>;
  const paths = JSON.stringify([unpkg, jsdelivr, types, exports]).match(/(?<=")\.\/[^"]+/g) ?? [];
  expect(paths).toContain("./dist/sendsar.js");
  for (const path of paths) expect(packed).toContain(path.slice("./".length));
});

test("Node imports it as an ES module", async () => {
  const code = `
    import { Sendsar, SendsarError, limits, textFromMessageParts } from "@sendsar/chat-sdk-javascript";
    const chat = Sendsar.init({ apiUrl: ${JSON.stringify(gateway.apiUrl)} });
    await chat.connect({ userId: "node", token: "node" });
    const message = await chat.sendMessage("r1", "hello from Node");
    await chat.disconnect();
    console.log(textFromMessageParts(message.parts), Sendsar.SendsarError === SendsarError, limits.pageMax);
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], { cwd: consumerDir });
  expect(stdout).toBe("hello from Node true 100\n");
});

test("an app that imports the client alone bundles none of the helpers", async () => {
  const bundle = async (names: readonly string[]): Promise<string> => {
    const contents = `export { ${names.join(", ")} } from "@sendsar/chat-sdk-javascript";`;
    const stdin = { contents, resolveDir: consumerDir };
    const { outputFiles } = await build({ stdin, bundle: true, minify: true, format: "esm", write: false });
    return outputFiles[0]?.text ?? "";
  };
  /** A word of each helper that nothing else has. */
  const words = {
    callLogOf: "data-call",
    deletedTextOf: "Message deleted",
    formatCall: "No answer",
    getStorage: "/tenant/storage",
    groupReactions: "isMine",
    membershipOf: "data-membership",
    openFileLinks: "/uploads/access",
    previewTextOf: "Segmenter",
    registerDevice: "device-tokens",
    sessionRoute: '"include"',
    subscribeToRoom: "visibilitychange",
    uploadFile: "/uploads/presign",
  };
  const everything = await bundle(["Sendsar", ...Object.keys(words)]);
  const core = await bundle(["Sendsar"]);
  expect(Object.values(words).filter((word) => !everything.includes(word))).toEqual([]);
  expect(Object.values(words).filter((word) => core.includes(word))).toEqual([]);
});

test("every documented example compiles for a strict consumer and runs", async () => {
  const examples = await readExamples();
  const documented = [...new Set(examples.map(({ name }) => name.replace(/^example-\d+-/, "")))].sort();
  expect(documented).toEqual([
    "call-log",
    "chat-calls",
    "client",
    "deleted-messages",
    "delivery-receipts",
    "devices",
    "file-links",
    "membership",
    "paging",
    "preview",
    "rate-limits",
    "reactions",
    "read-ticks",
    "readme",
    "room-order",
    "room-presence",
    "room-subscription",
    "sendsar",
    "session-route",
    "storage-usage",
    "typists",
    "uploads",
  ]);
  const prelude = `const token = "ann" as string, roomId = "r1" as string;\n`;
  for (const { name, code } of examples) {
    const text = prelude + code.replaceAll("http://localhost:3001/v1", gateway.apiUrl);
    await writeFile(join(consumerDir, `${name}.ts`), text);
  }
  expect(await compile(examples.map(({ name }) => `${name}.ts`))).toBe("");
  for (const { name } of examples) {
    gateway.messages.length = 0;
    await run(process.execPath, [`${name}.ts`], { cwd: consumerDir });
  }
  const online = examples.filter(({ code }) => code.includes("chat.connect("));
  expect(online.length).toBeGreaterThan(15);
  expect(gateway.handshakes.filter(({ token }) => token === "ann")).toHaveLength(online.length);
}, 60_000);

test("the types are exact: what is wrong does not compile", async () => {
  const consumer = `
    import { Sendsar, type Message, type Session } from "@sendsar/chat-sdk-javascript";
    declare const getSession: () => Promise<Session>;
    export const chat = Sendsar.init({ getSession });
    export const stop: () => void = chat.on("new-message", (message: Message) => message.seq.toFixed());
    chat.on("typing", ({ isTyping }) => {
      const typing: boolean = isTyping;
      // @ts-expect-error -- not a number
      const wrong: number = isTyping;
      return [typing, wrong];
    });
    // @ts-expect-error -- no such event
    chat.on("new-mesage", () => {});
    // @ts-expect-error -- neither URL nor sessions
    Sendsar.init({});
    // @ts-expect-error -- a message is readable only
    chat.on("new-message", (message) => (message.id = "other"));
    // @ts-expect-error -- a message without a room
    void chat.sendMessage({ text: "hello" });
    export async function use(): Promise<void> {
      await using own = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
      await own.connect({ userId: "ann", token: "t" });
    }
  `;
  await writeFile(join(consumerDir, "consumer.ts"), consumer);
  expect(await compile(["consumer.ts"])).toBe("");
  await writeFile(join(consumerDir, "wrong.ts"), consumer.replaceAll("@ts-expect-error", ""));
  expect((await compile(["wrong.ts"])).match(/error TS/g)).toHaveLength(2 * 5);
});

/** What the compiler has to say of the files, under either way of resolving modules; empty when they are fine. */
async function compile(files: readonly string[]): Promise<string> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  const outputs: string[] = [];
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, types: [] };
    const compilerOptions = { ...strict, target: "es2022", lib: ["es2022", "dom"], module, moduleResolution };
    await writeFile(join(consumerDir, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const { stdout } = await run(process.execPath, [tsc, "--project", consumerDir]).catch(
      (error: { stdout: string }) => error,
    );
    outputs.push(stdout);
  }
  return outputs.join("");
}
