import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Output } from "./replace-dist.ts";

/**
 * Emits the declarations of a package by its `tsconfig.build.json`, keeps those that the ones of `entry` lead to, and lets
 * them name each other as every TypeScript can: by `.js`. Rejects with what the compiler says.
 */
export async function emitTypes(packageDir: string, entry: string): Promise<Output[]> {
  const emittedDir = await mkdtemp(join(tmpdir(), "sendsar-types-"));
  try {
    await compile(join(packageDir, "tsconfig.build.json"), emittedDir);
    const outputs = new Map<string, Output>();
    const pending = [entry];
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (outputs.has(name)) continue;
      const text = await readFile(join(emittedDir, `${name}.d.ts`), "utf8");
      for (const [, imported = ""] of text.matchAll(relativeImport)) pending.push(imported);
      outputs.set(name, { path: `types/${name}.d.ts`, text: text.replaceAll(relativeImport, '"./$1.js"') });
    }
    return [...outputs.values()];
  } finally {
    await rm(emittedDir, { recursive: true });
  }
}

async function compile(project: string, outDir: string): Promise<void> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  try {
    await promisify(execFile)(process.execPath, [tsc, "--project", project, "--outDir", outDir]);
  } catch (error) {
    const { stdout = "" } = error as { stdout?: string };
    throw new Error(`unable to emit types; ${stdout.trim()}`, { cause: error });
  }
}

/** How the declarations name each other as emitted: by the source file. */
const relativeImport = /"\.\/([\w-]+)\.ts"/g;
