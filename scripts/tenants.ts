import { spawn } from "node:child_process";
import { join } from "node:path";
import { readDevFile } from "./start/dev-file.ts";
import { findHome, projectDir } from "./start/home.ts";
import { isLockHeld } from "./start/lock.ts";
import { readMasterKey } from "./start/master-key.ts";
import { Sentence, runMain } from "./process/sentence.ts";

/** What the provisioning command reads from its environment. */
interface Access {
  readonly ADMIN_DATABASE_URL: string;
  readonly MASTER_KEY: string;
}

/** `npm run tenants -- list`: the gateway's provisioning command, for the stack of `npm start` or a named database. */
const main = async (): Promise<number> => {
  const args = process.argv.slice(2);
  const needsDatabase = args.length > 0 && !args.includes("--help");
  const access = needsDatabase ? await findAccess(process.env) : {};
  const child = spawn(process.execPath, [join(projectDir, "gateway/src/cli.ts"), "tenants", ...args], {
    stdio: "inherit",
    env: { ...process.env, ...access },
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
};

const findAccess = async (env: NodeJS.ProcessEnv): Promise<Access> => {
  const { ADMIN_DATABASE_URL, MASTER_KEY } = env;
  if (ADMIN_DATABASE_URL && MASTER_KEY) return { ADMIN_DATABASE_URL, MASTER_KEY };
  if (ADMIN_DATABASE_URL || MASTER_KEY) {
    const missing = ADMIN_DATABASE_URL ? "MASTER_KEY" : "ADMIN_DATABASE_URL";
    throw new Sentence(`unable to manage tenants; ${missing} is not set, and the two belong together`);
  }
  const home = findHome(env);
  const { databaseUrl } = await readDevFile(home.devFile);
  const masterKey = await readMasterKey(home.masterKeyFile);
  if (databaseUrl && masterKey && (await isLockHeld(home.lockFile))) {
    return { ADMIN_DATABASE_URL: databaseUrl, MASTER_KEY: masterKey };
  }
  throw new Sentence(
    "unable to manage tenants; npm start does not run, and ADMIN_DATABASE_URL and MASTER_KEY are not set",
  );
};

await runMain(main);
