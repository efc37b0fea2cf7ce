import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A file of `dist/`: its path there and its content. */
export interface Output {
  readonly path: string;
  readonly text: string;
}

/** Makes a package's `dist/` hold these files and no others. Each is replaced at once, so that others may read meanwhile. */
export async function replaceDist(packageDir: string, outputs: readonly Output[]): Promise<void> {
  const distDir = join(packageDir, "dist");
  await mkdir(join(distDir, "types"), { recursive: true });
  for (const { path, text } of outputs) {
    const unfinished = join(distDir, `.${randomUUID()}`);
    await writeFile(unfinished, text);
    await rename(unfinished, join(distDir, path));
  }
  const wanted = new Set(outputs.map(({ path }) => join(distDir, path)));
  for (const entry of await readdir(distDir, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const isUnfinished = entry.name.startsWith(".");
    if (entry.isFile() && !wanted.has(file) && !isUnfinished) await rm(file);
  }
}
