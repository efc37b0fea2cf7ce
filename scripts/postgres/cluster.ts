import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { access, chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Account } from "./account.ts";
import { postgresEnv } from "./account.ts";
import type { Binaries } from "./binaries.ts";
import { Sentence, codeOf } from "../process/sentence.ts";

const run = promisify(execFile);

/** The major version of the Postgres that the packages hold; data of another one cannot be read. */
export const postgresMajor = "18";
/** The role that owns everything in an embedded Postgres. */
export const superuser = "postgres";

/** A folder with data that Postgres can be started on. */
export interface Cluster {
  /** What Postgres calls PGDATA. */
  readonly pgData: string;
  /** Of the role `superuser`. */
  readonly password: string;
}

/** Where the data of an embedded Postgres in this folder is, whether it is there yet or not. */
export const pgDataIn = (dataDir: string): string => join(dataDir, "data");

export interface ClusterOptions {
  readonly dataDir: string;
  readonly binaries: Binaries;
  readonly account: Account;
  readonly logFile: string;
  /** False for data that is thrown away: saves the wait for the disk. */
  readonly sync: boolean;
}

/**
 * Makes the data of a Postgres, once. It is made aside and moved into place, so that being killed half-way leaves
 * nothing that looks like data. Throws a sentence if what is there cannot be used.
 */
export const ensureCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const pgData = pgDataIn(options.dataDir);
  const passwordFile = join(options.dataDir, "password");
  const version = await readIfThere(join(pgData, "PG_VERSION"));
  if (version === undefined && (await isThere(pgData))) throw broken(options.dataDir, "PG_VERSION is missing");
  if (version === undefined) await createCluster(options, pgData, passwordFile);
  else if (version.trim() !== postgresMajor) throw broken(options.dataDir, versionReason(version.trim()));
  const password = await readIfThere(passwordFile);
  if (!password) throw broken(options.dataDir, "the password file is missing");
  return { pgData, password };
};

/** The sentence for a folder that no Postgres will start on. */
export const broken = (dataDir: string, reason: string): Sentence =>
  new Sentence(`unable to start Postgres; ${reason}; npm start -- --fresh replaces ${dataDir} by an empty one`);

const versionReason = (version: string): string =>
  /^\d{1,2}$/.test(version)
    ? `there is data of Postgres ${version}, and this is Postgres ${postgresMajor}`
    : "PG_VERSION is damaged";

const createCluster = async (options: ClusterOptions, pgData: string, passwordFile: string): Promise<void> => {
  const { binaries, account, logFile, sync } = options;
  const unfinished = `${pgData}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined) {
    for (const path of [unfinished, passwordFile]) await chown(path, account.uid, account.gid);
  }
  const { command, args, ...ids } = account.wrap(binaries.initdb, [
    `--pgdata=${unfinished}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // The same order of text on every system; the locales of the system differ.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    ...(sync ? [] : ["--no-sync"]),
  ]);
  try {
    await run(command, args, { cwd: "/", env: postgresEnv(), ...ids });
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    await writeFile(logFile, stdout + stderr, { flag: "a", mode: 0o600 });
    throw new Sentence(`unable to create the database in ${options.dataDir}; ${initdbReason(stderr)}; see ${logFile}`);
  }
  await rename(unfinished, pgData);
};

const initdbReason = (stderr: string): string => {
  if (/no space left/i.test(stderr)) return "the disk is full";
  const lines = stderr.trim().split("\n");
  const line = lines.find((text) => /error:|FATAL:/.test(text)) ?? lines.at(-1) ?? "";
  return line.replace(/^.*?(error|FATAL|initdb):\s*/, "") || "initdb failed";
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new Sentence(`unable to read ${path}; ${(error as Error).message}`);
  }
};
