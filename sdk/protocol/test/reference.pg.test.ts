import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestGateway, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { sampleFiles } from "../../../scripts/testing/sample-files.ts";
import { uploadFile } from "../../../scripts/testing/upload-file.ts";
import { endpoints } from "../src/endpoints.ts";
import { examples } from "../src/examples.ts";
import { readDocument } from "./documents.ts";
import { type Check, createCheck } from "./published-schemas.ts";

const run = promisify(execFile);

interface Answer {
  readonly content: { readonly "application/json": { readonly schema: { readonly $ref: string } } };
}

interface Openapi {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Answer>> }>>>
  >;
  readonly components: { readonly schemas: object };
}

let gateway: TestGateway;
let openapi: Openapi;
let check: Check;
let written: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  openapi = await readDocument("openapi.json");
  check = createCheck(openapi);
  written = await readFile(new URL("../../../docs/reference/rest.md", import.meta.url), "utf8");
});

afterAll(() => gateway[Symbol.asyncDispose]());

/** What a snippet needs to run: the page with the ids of what was made for it, and the shell's variables. */
interface Story {
  readonly page: string;
  readonly shell: Readonly<Record<string, string>>;
}

/**
 * Makes what the examples take for granted: two people, their room, a message of each in it, a file, and an app. Anew for each of them,
 * because some delete what the others need.
 */
const tellTheStory = async (endpointId: string): Promise<Story> => {
  const { api, apiKey } = gateway.a;
  await api.post("/users", examples.upsertUserBody);
  await api.call("DELETE", `/tenant-apps/${examples.app.appCode}`);
  if (endpointId !== "createApp") await api.post("/tenant-apps", examples.createAppBody);
  const before = await api.get(`/chat/rooms?externalId=${encodeURIComponent(examples.room.externalId)}`);
  for (const { id } of before.body.rooms) await api.call("DELETE", `/chat/rooms/${id}`);
  const room = await api.post("/chat/rooms", examples.createRoomBody);
  const send = (senderId: string, parts: unknown) =>
    api.post(`/chat/rooms/${room.body.id}/messages`, { senderId, parts });
  const parent = await send(examples.otherUserId, examples.parentMessage.parts);
  const message = await send(examples.userId, examples.parts);
  const upload = await uploadFile(api, sampleFiles.pdf, { userId: examples.userId });
  const token = await api.post("/auth/token", examples.createTokenBody);
  return {
    page: written
      .replaceAll(examples.roomId, room.body.id)
      .replaceAll(examples.messageId, message.body.id)
      .replaceAll(examples.uploadId, upload)
      .replaceAll(examples.parentMessage.id, parent.body.id),
    shell: { API_URL: `${gateway.url}/v1`, API_KEY: apiKey, TOKEN: token.body.token },
  };
};

/** The arguments that a shell gives to `curl` in a snippet. */
const argumentsOf = async (snippet: string, shell: Story["shell"]): Promise<readonly string[]> => {
  const { stdout } = await run("sh", ["-euc", `curl() { printf '%s\\0' "$@"; }\n${snippet}`], {
    env: { PATH: process.env["PATH"] ?? "", ...shell },
  });
  return stdout.split("\0").slice(0, -1);
};

const callAsWritten = async (snippet: string, shell: Story["shell"]): Promise<Response> => {
  const args = await argumentsOf(snippet, shell);
  const after = (flag: string): string[] => args.flatMap((arg, at) => (arg === flag ? [args[at + 1] ?? ""] : []));
  const url = args.find((arg) => arg.startsWith("http")) ?? "";
  const [method = "GET"] = after("-X");
  const [body] = after("-d");
  const headers = after("-H").map((header) => header.split(": ") as [string, string]);
  return fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
};

test.each(Object.entries(endpoints))("the call of %s works as it is written", async (id, endpoint) => {
  const { page, shell } = await tellTheStory(id);
  const section = page.split("\n### ").find((text) => text.startsWith(`${endpoint.summary}\n`)) ?? "";
  const [, snippet = ""] = /```sh\n(.*?)\n```/s.exec(section) ?? [];
  const response = await callAsWritten(snippet, shell);
  expect(endpoint.statuses).toContain(response.status);
  const path = endpoint.path.replaceAll(/:(\w+)/g, "{$1}");
  const answers = openapi.paths[path]?.[endpoint.method.toLowerCase()]?.responses ?? {};
  const ref = answers[response.status]?.content["application/json"].schema.$ref ?? "";
  expect(check(ref, await response.json())).toEqual([]);
});

test("an error is answered as it is described", async () => {
  const response = await fetch(`${gateway.url}/v1/users`, { method: "POST" });
  expect(response.status).toBe(401);
  const body: unknown = await response.json();
  expect(body).toMatchObject({ code: "unauthorized" });
  expect(check("#/components/schemas/ErrorBody", body)).toEqual([]);
});

test.each(["/healthz", "/readyz"])("%s answers as it is described", async (path) => {
  const response = await fetch(gateway.url + path);
  const answer: unknown = openapi.paths[path]?.["get"]?.responses[response.status]?.content["application/json"].schema;
  const status = { "/healthz": "ok", "/readyz": "ready" }[path];
  expect(await response.json()).toEqual({ status });
  expect(answer).toMatchObject({ properties: { status: { const: status } } });
});

test("a gateway serves the document that is committed", async () => {
  const response = await fetch(`${gateway.url}/openapi.json`);
  expect(await response.json()).toEqual(openapi);
});
