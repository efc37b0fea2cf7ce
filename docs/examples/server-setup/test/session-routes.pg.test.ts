import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../../../../scripts/process/ports.ts";
import { createUserClient } from "../../../../scripts/testing/client.ts";
import { type TestGateway, startTestGateway } from "../../../../scripts/testing/gateway.ts";
import { ensureTestSdk } from "../../../../scripts/testing/sdk.ts";
import { type EmptyFolder, createEmptyFolder } from "../../../test/empty-folder.ts";
import { type ExampleServer, startExampleServer } from "../../../test/example-server.ts";

interface Example {
  readonly file: string;
  /** What must be on the machine, and the arguments with which it answers 0 if it is. */
  readonly needs: readonly [program: string, ...args: string[]];
  /** Finds mistakes without running anything. */
  readonly check: readonly string[];
  /** As the page says; `{port}` is the port. */
  readonly run: readonly string[];
  /** What it needs to run beside that. */
  readonly runNeeds?: readonly [program: string, ...args: string[]];
}

const examples: readonly Example[] = [
  {
    file: "session-route.mjs",
    needs: [process.execPath, "--version"],
    check: [process.execPath, "--check", "session-route.mjs"],
    run: [process.execPath, "session-route.mjs"],
  },
  {
    file: "session_route.py",
    needs: ["python3", "--version"],
    check: ["python3", "-m", "py_compile", "session_route.py"],
    run: ["python3", "session_route.py"],
  },
  {
    file: "session_route.go",
    needs: ["go", "version"],
    check: ["go", "vet", "session_route.go"],
    run: ["go", "run", "session_route.go"],
  },
  {
    file: "session_route.php",
    needs: ["php", "--version"],
    check: ["php", "-l", "session_route.php"],
    run: ["php", "-S", "127.0.0.1:{port}", "session_route.php"],
  },
  {
    file: "session_route.ru",
    needs: ["ruby", "--version"],
    check: ["ruby", "-c", "session_route.ru"],
    run: ["rackup", "--host", "127.0.0.1", "--port", "{port}", "session_route.ru"],
    runNeeds: ["rackup", "--version"],
  },
];

const isHere = ([program, ...args]: readonly [string, ...string[]]): boolean => spawnSync(program, args).status === 0;

/** As a reader calls it; our own Node is a path. */
const nameOf = ([program]: readonly [string, ...string[]]): string => basename(program);

let gateway: TestGateway;
beforeAll(async () => {
  await ensureTestSdk();
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const openSession = (server: ExampleServer, user?: string): Promise<Response> =>
  fetch(`${server.url}/api/chat/session`, {
    method: "POST",
    headers: user === undefined ? {} : { "x-demo-user": user },
  });

describe.each(examples)("$file", ({ file, needs, check, run, runNeeds = needs }) => {
  let folder: EmptyFolder;
  beforeEach(async () => {
    folder = await createEmptyFolder([`docs/examples/server-setup/${file}`], ["server"]);
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const start = async (apiUrl: string): Promise<ExampleServer> => {
    const port = await freePort();
    const command = run.map((word) => word.replace("{port}", String(port)));
    return startExampleServer({ command, cwd: folder.dir, port, env: { API_URL: apiUrl, API_KEY: gateway.a.apiKey } });
  };

  test(`has no mistake that can be found without running it (needs ${nameOf(needs)})`, ({ skip }) => {
    skip(!isHere(needs), `${nameOf(needs)} is not installed`);
    const [program = "", ...args] = check;
    const { status, stderr } = spawnSync(program, args, { cwd: folder.dir, encoding: "utf8", timeout: 120_000 });
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  }, 150_000);

  test(`answers as the page says (needs ${nameOf(runNeeds)})`, async ({ skip }) => {
    skip(!isHere(runNeeds), `${nameOf(runNeeds)} is not installed`);
    await using server = await start(`${gateway.url}/v1`);

    expect((await openSession(server)).status).toBe(401);

    const answer = await openSession(server, "ann");
    expect({ status: answer.status, cache: answer.headers.get("cache-control") }).toEqual({
      status: 200,
      cache: "no-store",
    });
    const session = (await answer.json()) as Record<string, unknown>;
    expect(session).toEqual({
      token: expect.any(String),
      expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      apiUrl: `${gateway.url}/v1`,
      chatUserId: "ann",
      displayName: "Ann Lindqvist",
      chatSettings: (await gateway.a.api.get("/tenant/settings")).body.chat,
    });
    expect(JSON.stringify(session)).not.toContain(gateway.a.apiKey);
    const asAnn = createUserClient(gateway.url, String(session["token"]));
    expect((await asAnn.get("/chat/rooms")).status).toBe(200);

    expect((await openSession(server, "bo")).status).toBe(200);
    await gateway.a.api.post("/users/bo/deactivate");
    expect((await openSession(server, "bo")).status).toBe(403);
    await gateway.a.api.post("/users/bo/reactivate");
    expect((await openSession(server, "bo")).status).toBe(200);
  }, 150_000);

  test(`answers 503 while the gateway is away (needs ${nameOf(runNeeds)})`, async ({ skip }) => {
    skip(!isHere(runNeeds), `${nameOf(runNeeds)} is not installed`);
    await using away = await startAbsence();
    await using server = await start(away.apiUrl);
    const { status } = await openSession(server, "ann");
    expect({ status, output: server.output() }).toMatchObject({ status: 503 });
  }, 150_000);
});

test("the examples are all that the folder has", async () => {
  const files = (await readdir(join(import.meta.dirname, ".."))).filter((name) => name.includes("."));
  expect(files.toSorted()).toEqual(examples.map(({ file }) => file).toSorted());
});

/** An address at which every connection is cut, as by a proxy whose gateways are gone. */
const startAbsence = async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
};
