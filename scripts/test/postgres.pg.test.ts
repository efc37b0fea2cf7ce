import { spawn } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startPostgres } from "../postgres/start-postgres.ts";
import type { Postgres, PostgresOptions } from "../postgres/start-postgres.ts";
import { isAlive } from "../process/processes.ts";
import { waitUntil } from "../process/wait.ts";
import { projectDir } from "../start/home.ts";
import { runOn } from "../testing/test-server.ts";

let dir: string;
let started: Postgres[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sendsar-postgres-"));
  // The folder above the data is open, as that of a project usually is.
  await chmod(dir, 0o755);
  started = [];
});

afterEach(async () => {
  await Promise.all(started.map((postgres) => postgres.stop()));
  await rm(dir, { recursive: true, force: true });
});

/** Starts one in the test's own folder. All are stopped after the test. */
const start = (options: Partial<PostgresOptions> = {}): Promise<Postgres> => startIn(dir, options);

const startIn = async (above: string, options: Partial<PostgresOptions> = {}): Promise<Postgres> => {
  const dataDir = join(above, "postgres");
  const postgres = await startPostgres({ dataDir, logFile: join(above, "postgres.log"), projectDir, ...options });
  started.push(postgres);
  return postgres;
};

const countRows = async ({ adminUrl }: Postgres): Promise<unknown> =>
  (await runOn(adminUrl, "select count(*)::int from kept"))[0];

const keepRow = ({ adminUrl }: Postgres) =>
  runOn(adminUrl, "create table kept (id int)", "insert into kept values (1)");

/** What a start says that fails. */
const failure = (starting: Promise<Postgres>): Promise<string> =>
  starting.then(
    () => "it started",
    (error: Error) => error.message,
  );

describe("a Postgres that was started", () => {
  test("keeps its data and its password from one start to the next", async () => {
    const first = await start();
    await keepRow(first);
    await first.stop();
    const second = await start();
    expect(await countRows(second)).toEqual({ count: 1 });
    expect(new URL(second.adminUrl).password).toBe(new URL(first.adminUrl).password);
  });

  test("is on loopback only, without a socket file, and waits for the disk", async () => {
    const { adminUrl, port } = await start();
    const [settings] = await runOn(
      adminUrl,
      `select current_setting('listen_addresses') as hosts, current_setting('unix_socket_directories') as sockets,
        current_setting('port')::int as port, current_setting('fsync') as fsync,
        pg_encoding_to_char(encoding) as encoding, datlocale as locale
       from pg_database where datname = 'postgres'`,
    );
    const expected = { hosts: "127.0.0.1", sockets: "", port, fsync: "on", encoding: "UTF8", locale: "C.UTF-8" };
    expect(settings).toEqual(expected);
  });

  test("lets nobody in without the password, which only its owner may read", async () => {
    const { port } = await start();
    const passwordFile = join(dir, "postgres/password");
    expect((await stat(passwordFile)).mode & 0o777).toBe(0o600);
    const url = `postgres://postgres:${(await readFile(passwordFile, "utf8")).replace(/^./, "%20")}@127.0.0.1:${port}/`;
    await expect(runOn(url, "select")).rejects.toMatchObject({ code: "28P01" });
  });

  test("stops at once although a transaction is open", async () => {
    const postgres = await start();
    const client = new pg.Client(postgres.adminUrl);
    const dropped = new Promise<Error>((resolve) => client.on("error", resolve));
    await client.connect();
    await client.query("begin");
    const stoppedAt = performance.now();
    await postgres.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(3000);
    expect(await dropped).toBeInstanceOf(Error);
    expect(await postgres.ended).toBe("exit code 0");
    expect(isAlive(postgres.pid)).toBe(false);
  });

  test("takes settings, and a temporary one leaves no folder", async () => {
    const postgres = await start({ temporary: true, settings: { max_connections: "17" } });
    const sql = "select current_setting('fsync') as fsync, current_setting('max_connections') as connections";
    expect(await runOn(postgres.adminUrl, sql)).toEqual([{ fsync: "off", connections: "17" }]);
    await postgres.stop();
    await expect(stat(join(dir, "postgres"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("ends when the process that started it is killed", async () => {
    const starter = spawn(process.execPath, [join(projectDir, "scripts/test/fixtures/hold-postgres.ts"), dir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const printed: Buffer[] = [];
    starter.stdout.on("data", (chunk: Buffer) => printed.push(chunk));
    await expect.poll(() => Buffer.concat(printed).toString(), { timeout: 20_000 }).toMatch(/^\d+\n$/);
    const pid = Number(Buffer.concat(printed).toString());
    expect(isAlive(pid)).toBe(true);
    starter.kill("SIGKILL");
    expect(await waitUntil(() => !isAlive(pid), { limitMs: 5000 })).toBe(true);
    await keepRow(await start());
  });
});

describe("what an earlier start left behind", () => {
  test("a Postgres that still runs on the data is stopped first", async () => {
    const leftover = await start();
    await keepRow(leftover);
    const next = await start();
    expect(isAlive(leftover.pid)).toBe(false);
    expect(await countRows(next)).toEqual({ count: 1 });
  });

  test("the process id of another program does not keep it from starting", async () => {
    const first = await start();
    await keepRow(first);
    await first.stop();
    // Another user's process would not matter to Postgres; this one has the user that Postgres runs as.
    const pidFile = join(dir, "postgres/data/postmaster.pid");
    const { uid, gid } = await stat(join(dir, "postgres/data"));
    const other = spawn("sleep", ["60"], { uid, gid, stdio: "ignore" });
    try {
      await writeFile(pidFile, `${other.pid}\n${join(dir, "postgres/data")}\n1\n${first.port}\n\n127.0.0.1\n`);
      const second = await start();
      expect(await countRows(second)).toEqual({ count: 1 });
      expect(other.exitCode).toBeNull();
    } finally {
      other.kill("SIGKILL");
    }
  });

  test("the Postgres of a folder that ours is a copy of goes on", async () => {
    const original = await start();
    await keepRow(original);
    await runOn(original.adminUrl, "checkpoint");
    const copy = join(dir, "copy");
    await cp(join(dir, "postgres"), copy, { recursive: true, preserveTimestamps: true });
    await start({ dataDir: copy });
    expect(isAlive(original.pid)).toBe(true);
    expect(await countRows(original)).toEqual({ count: 1 });
  });

  test("data that was being made when the start was killed is made anew", async () => {
    await mkdir(join(dir, "postgres/data.new/base"), { recursive: true });
    const postgres = await start();
    await keepRow(postgres);
    expect(await countRows(postgres)).toEqual({ count: 1 });
  });
});

describe("data that cannot be used", () => {
  let above: string;

  beforeAll(async () => {
    above = await mkdtemp(join(tmpdir(), "sendsar-postgres-"));
    await chmod(above, 0o755);
    await (await startIn(above)).stop();
  });

  afterAll(() => rm(above, { recursive: true, force: true }));

  test.each([
    { name: "another major version", file: "data/PG_VERSION", bytes: "16\n", says: "data of Postgres 16" },
    { name: "a damaged version", file: "data/PG_VERSION", bytes: "\0\0", says: "PG_VERSION is damaged" },
    { name: "no version", file: "data/PG_VERSION", says: "PG_VERSION is missing" },
    { name: "a damaged control file", file: "data/global/pg_control", bytes: "\0", says: "pg_control" },
    { name: "no control file", file: "data/global/pg_control", says: "does not start on the data" },
    { name: "no password", file: "password", says: "password file is missing" },
    { name: "a wrong password", file: "password", bytes: "x", says: "password does not fit" },
  ])("$name: one sentence with the folder and the way out", async ({ file, bytes, says }) => {
    const path = join(above, "postgres", file);
    const sound = await readFile(path);
    // Writing keeps the file's owner, which is not us when we are root; so does moving it away.
    await (bytes === undefined ? rename(path, `${path}.away`) : writeFile(path, bytes));
    const message = await failure(startIn(above));
    expect(message).toContain(says);
    expect(message).toContain(join(above, "postgres"));
    expect(message).toContain("npm start -- --fresh");
    expect(message).toMatch(/^unable to start Postgres; .+$/);

    await (bytes === undefined ? rename(`${path}.away`, path) : writeFile(path, sound));
    await runOn((await startIn(above)).adminUrl, "select");
  });

  test("a file where the folder should be: one sentence", async () => {
    await writeFile(join(dir, "postgres"), "");
    expect(await failure(startIn(dir))).toMatch(/^unable to create the folder .+; .+$/);
  });
});

const isLinuxRoot = process.platform === "linux" && process.getuid?.() === 0;

describe("as root", () => {
  test("it runs as somebody else, also inside a folder that is closed to others", async (context) => {
    if (!isLinuxRoot) return context.skip("needs root on Linux");
    const closed = join(dir, "closed");
    await mkdir(closed, { mode: 0o700 });
    const postgres = await start({ dataDir: join(closed, "postgres") });
    await keepRow(postgres);
    expect((await stat(join(closed, "postgres/data"))).uid).not.toBe(0);
    expect(await readFile(`/proc/${postgres.pid}/status`, "utf8")).not.toMatch(/^Uid:\s+0\b/m);
  });
});
