import { execFile } from "node:child_process";
import { lchown, lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Binaries } from "./binaries.ts";
import { Sentence, reasonOf } from "../process/sentence.ts";

const run = promisify(execFile);

/** Who runs Postgres, and through which command. */
export interface Account {
  /** Only when this process is root and gives its rights up for Postgres. */
  readonly uid?: number;
  readonly gid?: number;
  /** Turns a command into the one that runs it as this account. */
  readonly wrap: (command: string, args: readonly string[]) => Command;
}

/** What to hand to `spawn`. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

export interface AccountOptions {
  readonly binaries: Binaries;
  /** The folder that the account must reach; it exists. */
  readonly dataDir: string;
  /** Folders whose owner is asked, in this order, when this process is root. They need not exist. */
  readonly ownedBy: readonly string[];
}

/** Programs of Postgres read settings of their own from the environment; none of the reader's are meant for them. */
export const postgresEnv = (): NodeJS.ProcessEnv => ({ PATH: process.env["PATH"] ?? "", LC_ALL: "C" });

/**
 * Chooses the account for Postgres, gives it the folder, and makes sure that it can run there. Postgres refuses to run
 * as root, so root runs it as the owner of the data or of the project, or else as `nobody`; no account is created. If
 * a folder above is closed to that account (a clone in /root), it is lent the one right to read past that, where the
 * system can. Throws a sentence if Postgres cannot run.
 */
export const chooseAccount = async ({ binaries, dataDir, ownedBy }: AccountOptions): Promise<Account> => {
  const isRoot = process.getuid?.() === 0;
  const ids = isRoot ? await unprivilegedIds(ownedBy) : undefined;
  if (ids) await giveFolder(dataDir, ids);
  const candidates = ids ? rootCandidates(ids) : [self];
  const problems: string[] = [];
  for (const account of candidates) {
    const problem = await runProblem(account, binaries.postgres, dataDir);
    if (problem === "") return account;
    problems.push(problem);
  }
  const closed = ids && /permission denied/i.test(problems.join());
  const advice = closed ? `; a folder above it is closed to user id ${ids.uid}: open it, or move the project` : "";
  throw new Sentence(`unable to start Postgres; its program does not run here (${problems[0]})${advice}`);
};

const self: Account = { wrap: (command, args) => ({ command, args }) };

const rootCandidates = ({ uid, gid }: Ids): readonly Account[] => {
  const plain: Account = { uid, gid, wrap: (command, args) => ({ command, args, uid, gid }) };
  if (process.platform !== "linux") return [plain];
  // Without no_setuid_fixup the kernel takes the lent right away again inside access(2), which initdb relies on.
  const lend = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--securebits=+no_setuid_fixup"];
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  const wrap: Account["wrap"] = (command, args) => ({ command: "setpriv", args: [...ids, ...lend, command, ...args] });
  return [plain, { uid, gid, wrap }];
};

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

const unprivilegedIds = async (folders: readonly string[]): Promise<Ids> => {
  for (const folder of folders) {
    const owner = await stat(folder).catch(() => undefined);
    if (owner && owner.uid !== 0 && (await hasName(owner.uid))) return { uid: owner.uid, gid: owner.gid };
  }
  try {
    const [uid, gid] = await Promise.all(
      ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "nobody"])).stdout)),
    );
    if (uid && gid) return { uid, gid };
  } catch {
    // Told below: there is nobody to run as.
  }
  throw new Sentence(
    "unable to start Postgres; it does not run as root, and there is no account `nobody` to run it as",
  );
};

/** initdb wants to know its user's name; a container may mount a folder whose owner has none. */
const hasName = async (uid: number): Promise<boolean> =>
  run("id", ["-nu", String(uid)]).then(
    () => true,
    () => false,
  );

/** Makes the account the owner of all that is in the folder; it may be new, or copied or unpacked by root. */
const giveFolder = async (dir: string, { uid, gid }: Ids): Promise<void> => {
  const top = ["", ...(await readdir(dir))].map((entry) => join(dir, entry));
  const owners = await Promise.all(top.map(async (path) => (await lstat(path)).uid));
  if (owners.every((owner) => owner === uid)) return;
  for (const entry of ["", ...(await readdir(dir, { recursive: true }))]) await lchown(join(dir, entry), uid, gid);
};

/** Why the account cannot run Postgres on the folder; empty if it can. */
const runProblem = async (account: Account, postgres: string, dataDir: string): Promise<string> => {
  const { command, args, ...ids } = account.wrap("/bin/sh", [
    "-c",
    'cd "$0" && exec "$1" --version',
    dataDir,
    postgres,
  ]);
  try {
    await run(command, args, { cwd: "/", env: postgresEnv(), ...ids });
    return "";
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    return stderr?.trim().split("\n").at(-1) || reasonOf(error);
  }
};
