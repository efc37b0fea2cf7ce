import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { buildServerSdk } from "../build.ts";

const run = promisify(execFile);
const sdkDir = join(import.meta.dirname, "..");
const resolve = createRequire(import.meta.url).resolve;

/** A program of somebody else that has installed the packed package. */
export interface Consumer extends AsyncDisposable {
  readonly dir: string;
  /** The files of the package, sorted. */
  readonly packed: readonly string[];
  /** What the compiler has to say of files, under each way of resolving modules and each source of types. */
  compile(files: readonly string[]): Promise<string>;
  /** Runs a file and answers what it printed. Rejects when it fails. */
  run(file: string, env?: Readonly<Record<string, string>>): Promise<string>;
}

/** Builds, packs and installs the package. */
export async function createConsumer(): Promise<Consumer> {
  await buildServerSdk();
  const dir = await mkdtemp(join(tmpdir(), "sendsar-server-consumer-"));
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", dir];
  const { stdout } = await run("npm", pack, { cwd: sdkDir });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  await writeFile(join(dir, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const install = ["install", filename, "--offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", install, { cwd: dir });
  await mkdir(join(dir, "node_modules/@types"));
  await symlink(dirname(resolve("@types/node/package.json")), join(dir, "node_modules/@types/node"));
  return {
    dir,
    packed: files.map(({ path }) => path).toSorted(),
    compile: (files) => compile(dir, files),
    run: async (file, env = {}) =>
      (await run(process.execPath, [file], { cwd: dir, env: { ...process.env, ...env } })).stdout,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

/** A backend has the types of Node, a worker those of the web. */
const surroundings = [
  { module: "nodenext", moduleResolution: "nodenext", types: ["node"], lib: ["es2022"] },
  { module: "esnext", moduleResolution: "bundler", types: ["node"], lib: ["es2022", "dom"] },
];

async function compile(dir: string, files: readonly string[]): Promise<string> {
  const tsc = join(dirname(resolve("typescript/package.json")), "bin/tsc");
  const outputs: string[] = [];
  for (const surrounding of surroundings) {
    const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true };
    const compilerOptions = { ...strict, skipLibCheck: true, target: "es2022", ...surrounding };
    await writeFile(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const { stdout } = await run(process.execPath, [tsc, "--project", dir]).catch((error: { stdout: string }) => error);
    outputs.push(stdout);
  }
  return outputs.join("");
}
