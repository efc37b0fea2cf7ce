import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectDir } from "./home.ts";
import { Sentence, codeOf, reasonOf } from "../process/sentence.ts";

/** A package that is built before it runs, and what it is made of. */
interface Built {
  readonly name: string;
  readonly dir: string;
  readonly sources: readonly string[];
}

const packages: readonly Built[] = [
  { name: "the client", dir: "sdk/javascript", sources: ["sdk/protocol/src"] },
  { name: "the server SDK", dir: "sdk/server", sources: ["scripts/build"] },
];

/** Builds what the demo page and its backend load, where it is not there or something it is made of is newer. */
export const ensureSdk = async (): Promise<void> => {
  await Promise.all(packages.map(ensureBuilt));
};

const ensureBuilt = async ({ name, dir, sources }: Built): Promise<void> => {
  const buildScript = `${dir}/build.ts`;
  const built = await timesOf(join(projectDir, dir, "dist"));
  const own = [`${dir}/src`, buildScript, `${dir}/package.json`, `${dir}/tsconfig.build.json`];
  const written = await Promise.all([...own, ...sources].map((path) => timesOf(join(projectDir, path))));
  if (Math.min(...built) > Math.max(...written.flat())) return;
  try {
    // In a process of its own: what it prints about sizes is for those who work on it.
    await promisify(execFile)(process.execPath, [join(projectDir, buildScript)]);
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    throw new Sentence(`unable to build ${name}; node ${buildScript} failed:\n${stderr || reasonOf(error)}`);
  }
};

/** When the files of a folder, or the file, were written. A folder that is missing or empty is as old as can be. */
const timesOf = async (path: string): Promise<number[]> => {
  try {
    if (!(await stat(path)).isDirectory()) return [(await stat(path)).mtimeMs];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const times = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).mtimeMs));
    return times.length > 0 ? times : [0];
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [0];
    throw error;
  }
};
