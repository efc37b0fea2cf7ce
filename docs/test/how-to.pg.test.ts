import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../scripts/process/ports.ts";
import { projectDir } from "../../scripts/start/home.ts";
import { type TestGateway, startTestGateway } from "../../scripts/testing/gateway.ts";
import { ensureTestSdk } from "../../scripts/testing/sdk.ts";
import { createEmptyFolder } from "./empty-folder.ts";
import { type ExampleServer, startExampleServer } from "./example-server.ts";
import { howToPages } from "./how-to-pages.ts";
import { provenBy } from "./proven-commands.ts";
import { runPage } from "./run-page.ts";
import { missingPrograms } from "./shell.ts";

/** Every how-to page, typed from its first command to its last, by somebody who has come from the quick start. */
let gateway: TestGateway;
beforeAll(async () => {
  await ensureTestSdk();
  gateway = await startTestGateway({ config: { rateLimits: true } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const missing = missingPrograms();

test.skipIf(missing.length > 0).for(howToPages)("%s (needs bash, curl)", async (page) => {
  await using folder = await createEmptyFolder();
  // Each page finds a tenant as `npm start` leaves it.
  const { apiKey } = await gateway.provisioner.createTenant({ tenantId: "demo" });
  await mkdir(join(folder.dir, ".sendsar"));
  await writeFile(join(folder.dir, ".sendsar/dev.json"), JSON.stringify({ apiUrl: `${gateway.url}/v1`, apiKey }));
  await using server = await startSessionRoute({ API_URL: `${gateway.url}/v1`, API_KEY: apiKey });
  try {
    const { count, mismatches } = await runPage(page, {
      cwd: folder.dir,
      skip: Object.keys(provenBy).filter((command) => !command.startsWith("npm run")),
      // One of the servers of the page runs in another terminal.
      rewrite: (code) => code.replaceAll("http://127.0.0.1:3003", server.url),
      // The reader stands in a clone; here the files of a page go elsewhere.
      before: `npm() { (cd ${JSON.stringify(projectDir)} && command npm "$@"); }`,
      env: {
        ...process.env,
        PATH: `${projectDir}/node_modules/.bin:${process.env["PATH"]}`,
        ADMIN_DATABASE_URL: gateway.database.adminUrl,
        MASTER_KEY: gateway.masterKey,
      },
    });
    expect(mismatches).toEqual([]);
    expect(count).toBeGreaterThan(0);
  } finally {
    await gateway.provisioner.deleteTenant("demo");
  }
});

const startSessionRoute = async (env: Readonly<Record<string, string>>): Promise<AsyncDisposable & ExampleServer> => {
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(await createEmptyFolder(["docs/examples/server-setup/session-route.mjs"], ["server"]));
  const command = [process.execPath, "session-route.mjs"];
  const server = parts.use(await startExampleServer({ command, cwd: folder.dir, port: await freePort(), env }));
  const running = parts.move();
  return { ...server, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
