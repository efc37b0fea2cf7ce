import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectDir } from "./home.ts";
import { Sentence, codeOf, reasonOf } from "../process/sentence.ts";

const buildScript = "sdk/javascript/build.ts";
const sources = ["sdk/javascript/src", buildScript, "sdk/javascript/package.json", "sdk/protocol/src"];

/** Builds the client that the demo page loads, if it is not there or something it is made of is newer. */
export const ensureSdk = async (): Promise<void> => {
  const built = await timesOf(join(projectDir, "sdk/javascript/dist"));
  const written = await Promise.all(sources.map((path) => timesOf(join(projectDir, path))));
  if (Math.min(...built) > Math.max(...written.flat())) return;
  try {
    // In a process of its own: what it prints about sizes is for those who work on the client.
    await promisify(execFile)(process.execPath, [join(projectDir, buildScript)]);
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    throw new Sentence(`unable to build the client; node ${buildScript} failed:\n${stderr || reasonOf(error)}`);
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
