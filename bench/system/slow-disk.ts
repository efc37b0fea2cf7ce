import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { reasonOf } from "../../scripts/process/sentence.ts";

/** A library that makes the disk of the process that loads it slow, or why there is none. */
export type SlowDisk = { readonly library: string } | { readonly missing: string };

/** Compiles `slow-disk.c` into a folder. Needs a C compiler, which is all that this benchmark asks of a machine. */
export const compileSlowDisk = async (dir: string): Promise<SlowDisk> => {
  const source = fileURLToPath(new URL("slow-disk.c", import.meta.url));
  const library = join(dir, "slow-disk.so");
  try {
    await promisify(execFile)("cc", ["-shared", "-fPIC", "-O2", "-D_GNU_SOURCE", "-o", library, source, "-ldl"]);
    // Postgres runs as another account when this process is root.
    await chmod(library, 0o755);
    return { library };
  } catch (error) {
    return { missing: `there is no C compiler that makes the library (${reasonOf(error)})` };
  }
};
