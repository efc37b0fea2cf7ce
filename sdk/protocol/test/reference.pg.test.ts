import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestGateway, startTestGateway } from "../../../scripts/testing/gateway.ts";
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
let page: string;
let shell: Readonly<Record<string, string>>;

beforeAll(async () => {
  gateway = await startTestGateway();
  openapi = await readDocument("openapi.json");
  check = createCheck(openapi);
  const written = await readFile(new URL("../../../docs/reference/rest.md", import.meta.url), "utf8");
  const { room, message, token } = await tellTheStory();
  page = written
    .replaceAll(examples.roomId, room)
    .replaceAll(examples.messageId, message)
    .replaceAll(examples.parentMessage.id, message);
  shell = { API_URL: `${gateway.url}/v1`, API_KEY: gateway.a.apiKey, TOKEN: token };
});

afterAll(() => gateway[Symbol.asyncDispose]());

/** What the examples take for granted: two people, their room, and a message in it. */
const tellTheStory = async () => {
  const { api } = gateway.a;
  await api.post("/users", examples.upsertUserBody);
  const room = await api.post("/chat/rooms", examples.createRoomBody);
  const message = await api.post(`/chat/rooms/${room.body.id}/messages`, {
    senderId: examples.otherUserId,
    parts: examples.parentMessage.parts,
  });
  const { body } = await api.post("/auth/token", examples.createTokenBody);
  return { room: room.body.id as string, message: message.body.id as string, token: body.token as string };
};

/** The arguments that a shell gives to `curl` in a snippet. */
const argumentsOf = async (snippet: string): Promise<readonly string[]> => {
  const { stdout } = await run("sh", ["-euc", `curl() { printf '%s\\0' "$@"; }\n${snippet}`], {
    env: { PATH: process.env["PATH"] ?? "", ...shell },
  });
  return stdout.split("\0").slice(0, -1);
};

const callAsWritten = async (snippet: string): Promise<Response> => {
  const args = await argumentsOf(snippet);
  const after = (flag: string): string[] => args.flatMap((arg, at) => (arg === flag ? [args[at + 1] ?? ""] : []));
  const url = args.find((arg) => arg.startsWith("http")) ?? "";
  const [method = "GET"] = after("-X");
  const [body] = after("-d");
  const headers = after("-H").map((header) => header.split(": ") as [string, string]);
  return fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
};

test.each(Object.entries(endpoints))("the call of %s works as it is written", async (_id, endpoint) => {
  const section = page.split("\n### ").find((text) => text.startsWith(`${endpoint.summary}\n`)) ?? "";
  const [, snippet = ""] = /```sh\n(.*?)\n```/s.exec(section) ?? [];
  const response = await callAsWritten(snippet);
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
