import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Sentence, codeOf, reasonOf } from "../process/sentence.ts";

/** The root of the project. */
export const projectDir = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** Where the stack of `npm start` keeps what outlives it. Every path is absolute. */
export interface Home {
  readonly dir: string;
  readonly postgresDir: string;
  readonly logsDir: string;
  /** Files of messages. */
  readonly filesDir: string;
  /** Process id of the running `npm start`. */
  readonly lockFile: string;
  /** 32 bytes in base64; encrypts secrets in the database. */
  readonly masterKeyFile: string;
  /** What a program needs to talk to the running stack. */
  readonly devFile: string;
}

/** The folder `.sendsar` of the project, or the one that SENDSAR_HOME names. */
export const findHome = (env: NodeJS.ProcessEnv): Home => {
  const dir = resolve(env["SENDSAR_HOME"] || join(projectDir, ".sendsar"));
  return {
    dir,
    postgresDir: join(dir, "postgres"),
    logsDir: join(dir, "logs"),
    filesDir: join(dir, "files"),
    lockFile: join(dir, "start.pid"),
    masterKeyFile: join(dir, "master-key"),
    devFile: join(dir, "dev.json"),
  };
};

/** Makes the folder. Secrets in it have modes of their own; the account of Postgres has to pass through. */
export const createHome = async ({ dir, logsDir }: Home): Promise<void> => {
  try {
    await mkdir(logsDir, { recursive: true });
  } catch (error) {
    throw homeFailure(dir, error);
  }
};

/** The sentence for a folder that cannot be written. */
export const homeFailure = (dir: string, error: unknown): Sentence => {
  const reasons: Record<string, string> = {
    EACCES: "it belongs to another user; was it made with sudo?",
    ENOSPC: "the disk is full",
    EROFS: "the disk is read-only",
  };
  return new Sentence(`unable to write in ${dir}; ${reasons[codeOf(error) ?? ""] ?? reasonOf(error)}`);
};
