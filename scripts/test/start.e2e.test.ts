import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import {
  apiOf,
  createRoom,
  expectAllGone,
  expectSentence,
  idsIn,
  send,
  stopMsMax,
  useStartFixture,
} from "./start-fixture.ts";
import { aliveOf } from "./start-process.ts";
import { waitUntil } from "../process/wait.ts";
import { projectDir } from "../start/home.ts";
import { createTestDatabase } from "../testing/database.ts";
import { sampleFiles } from "../testing/sample-files.ts";
import { runOn } from "../testing/test-server.ts";
import { uploadFile } from "../testing/upload-file.ts";

const fixture = useStartFixture();
const { start } = fixture;

describe("npm start", () => {
  test("serves the API, the reference and the demo page, and writes down how to reach them", async () => {
    const run = start();
    const dev = await run.ready();
    expect(dev).toEqual({
      apiUrl: `http://localhost:${fixture.port}/v1`,
      apiKey: expect.stringMatching(/^sk_/),
      webhookSecret: expect.stringMatching(/^whsec_/),
      databaseUrl: expect.stringMatching(/^postgres:\/\/.+@127\.0\.0\.1:\d+\/sendsar$/),
      docsUrl: `http://localhost:${fixture.port}/docs`,
      demoUrl: expect.stringMatching(/^http:\/\/localhost:\d+$/),
    });
    for (const value of [dev.apiUrl, dev.apiKey, dev.webhookSecret, dev.docsUrl, dev.demoUrl]) {
      expect(run.stdout()).toContain(value);
    }
    for (const url of [dev.docsUrl, dev.demoUrl]) expect((await fetch(url)).status).toBe(200);
    expect((await apiOf(dev).get("/chat/rooms?userId=ann")).status).toBe(200);
    expect((await apiOf({ ...dev, apiKey: `${dev.apiKey}x` }).get("/chat/rooms?userId=ann")).status).toBe(401);
    const uploadId = await uploadFile(apiOf(dev), sampleFiles.png);
    const { accessUrl } = (await apiOf(dev).get(`/chat/uploads/${uploadId}/access`)).body;
    expect(accessUrl.startsWith(`http://localhost:${fixture.port}/files/`)).toBe(true);
    expect((await fetch(accessUrl)).status).toBe(200);
    for (const file of ["dev.json", "master-key"])
      expect((await stat(join(fixture.home, file))).mode & 0o777).toBe(0o600);

    const args = [join(projectDir, "scripts/run.mjs"), "scripts/tenants.ts", "list"];
    const tenants = await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, SENDSAR_HOME: fixture.home },
    });
    expect(JSON.parse(tenants.stdout)).toEqual([expect.objectContaining({ tenantId: "demo" })]);
  });

  test("gives the gateway a login that owns nothing and stays within row-level security", async () => {
    const dev = await start().ready();
    const logins = await runOn(
      dev.databaseUrl,
      `select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, count(owned)::int as owned
       from pg_stat_activity join pg_roles on rolname = usename
       left join pg_shdepend as owned on refobjid = pg_roles.oid and deptype = 'o'
       where application_name = 'sendsar-gateway' group by usename, 1, 2, 3, 4`,
    );
    const none = { rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false, owned: 0 };
    expect(logins).toEqual([none]);
  });

  test("Ctrl-C ends all of it within 5 s; the next start has the same key and data", async () => {
    const first = start();
    const dev = await first.ready();
    const parts = await first.parts();
    const room = await createRoom(apiOf(dev));
    expect((await send(apiOf(dev), room, "kept")).status).toBe(201);

    const stoppedAt = performance.now();
    first.interrupt();
    expect(await first.ended).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(stopMsMax);
    expect(aliveOf(parts)).toEqual([]);
    expect(first.stderr()).toBe("");

    const again = await start().ready();
    expect(again).toEqual({ ...dev, databaseUrl: again.databaseUrl, demoUrl: again.demoUrl });
    expect(await idsIn(again, room)).toEqual(["kept"]);
  });

  test("SIGTERM to npm ends all of it within 5 s", async () => {
    const run = start({ throughNpm: true });
    await run.ready();
    const parts = await run.parts();
    process.kill(run.pid, "SIGTERM");
    await expectAllGone(parts);
  });

  test("Ctrl-C while it is starting leaves nothing behind, and the next start works", async () => {
    const run = start();
    await waitUntil(() => stat(join(fixture.home, "postgres/data")).then(Boolean, () => false), { limitMs: 20_000 });
    run.interrupt();
    expect(await run.ended).toBe(0);
    expect(run.stderr()).toBe("");
    await expect(stat(join(fixture.home, "start.pid"))).rejects.toMatchObject({ code: "ENOENT" });
    await start().ready();
  });

  test("a key that was lost or replaced makes way for a new one", async () => {
    const first = start();
    const dev = await first.ready();
    first.interrupt();
    await first.ended;
    await rm(join(fixture.home, "dev.json"));
    const second = start();
    const renewed = await second.ready();
    expect(renewed.apiKey).not.toBe(dev.apiKey);
    expect(renewed.webhookSecret).toBe(dev.webhookSecret);
    expect((await apiOf(dev).get("/chat/rooms?userId=ann")).status).toBe(401);
    expect((await apiOf(renewed).get("/chat/rooms?userId=ann")).status).toBe(200);
  });

  test("--fresh starts on an empty database with a new key", async () => {
    const first = start();
    const dev = await first.ready();
    const room = await createRoom(apiOf(dev));
    await uploadFile(apiOf(dev), sampleFiles.png);
    expect(await readdir(join(fixture.home, "files"))).toContain("demo");
    first.interrupt();
    await first.ended;
    const fresh = await start({ args: ["--fresh"] }).ready();
    expect(fresh.apiKey).not.toBe(dev.apiKey);
    expect(await readdir(join(fixture.home, "files"))).not.toContain("demo");
    expect((await apiOf(fresh).get(`/chat/rooms/${room}?userId=eve`)).status).toBe(404);
  });
});

test("DATABASE_URL is used instead of the embedded Postgres, and outlives the stack", async () => {
  await using database = await createTestDatabase();
  const env = { DATABASE_URL: database.adminUrl };
  const first = start({ env });
  const dev = await first.ready();
  expect(dev.databaseUrl).toBe(database.adminUrl);
  const room = await createRoom(apiOf(dev));
  expect((await send(apiOf(dev), room, "kept")).status).toBe(201);
  first.interrupt();
  expect(await first.ended).toBe(0);
  await expect(stat(join(fixture.home, "postgres"))).rejects.toMatchObject({ code: "ENOENT" });

  const second = start({ env });
  const again = await second.ready();
  expect(again.apiKey).toBe(dev.apiKey);
  expect(await idsIn(again, room)).toEqual(["kept"]);
  second.interrupt();
  expect(await second.ended).toBe(0);
});

describe("what cannot work is said in one sentence", () => {
  test("a port that is in use", async () => {
    await using server = createServer().listen(fixture.port, "127.0.0.1");
    await once(server, "listening");
    await expectSentence(start(), new RegExp(`^unable to open port ${fixture.port}; another program uses it`));
  });

  test.each([
    { name: "a port that is no number", env: { PORT: "http" }, says: /^unable to start; PORT must be a number/ },
    {
      name: "a flag that is not there",
      args: ["--frseh"],
      says: /^unable to start; Unknown option '--frseh'; npm start/,
    },
    { name: "an argument", args: ["now"], says: /^unable to start; Unexpected argument 'now'; npm start/ },
    {
      name: "--fresh for a database that is not ours",
      args: ["--fresh"],
      env: { DATABASE_URL: "postgres://a:b@127.0.0.1:1/c" },
      says: /^unable to start; --fresh empties the embedded Postgres only/,
    },
    {
      name: "a database that does not answer",
      env: { DATABASE_URL: "postgres://a:secret@127.0.0.1:1/c" },
      says: /^unable to reach the database 127\.0\.0\.1:1\/c of DATABASE_URL; (?!.*secret)/,
    },
    {
      name: "a folder that cannot be made",
      env: { SENDSAR_HOME: "/dev/null/x" },
      says: /^unable to write in \/dev\/null\/x; /,
    },
  ])("$name", async ({ args = [], env = {}, says }) => {
    const { PORT = String(fixture.port), SENDSAR_HOME = fixture.home } = env;
    await expectSentence(start({ args, env, port: PORT as unknown as number, home: SENDSAR_HOME }), says);
  });

  test("data that is broken: the folder and the way out", async () => {
    const first = start();
    await first.ready();
    first.interrupt();
    await first.ended;
    const versionFile = join(fixture.home, "postgres/data/PG_VERSION");
    await writeFile(versionFile, "16\n");
    const folder = join(fixture.home, "postgres");
    await expectSentence(
      start(),
      new RegExp(`^unable to start Postgres; .+ --fresh replaces ${folder} by an empty one$`, "m"),
    );
    await start({ args: ["--fresh"] }).ready();
    expect(await readFile(versionFile, "utf8")).toBe("18\n");
  });
});

test("--help shows the options", async () => {
  const run = start({ args: ["--help"] });
  expect(await run.ended).toBe(0);
  expect(run.stdout()).toMatch(/^Usage: npm start/);
});
