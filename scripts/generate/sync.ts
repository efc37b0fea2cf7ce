import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf } from "../process/sentence.ts";

/** A committed file that is made from code. */
export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly make: () => string | Promise<string>;
}

/** Paths of the files below `root` that are missing or not what their code makes. Writes nothing. */
export const findStale = async (root: string, files: readonly GeneratedFile[]): Promise<readonly string[]> =>
  (await makeStale(root, files)).map(({ path }) => path);

/** Writes the files below `root` that are stale, and answers their paths. Others keep their time of change. */
export const writeStale = async (root: string, files: readonly GeneratedFile[]): Promise<readonly string[]> => {
  const stale = await makeStale(root, files);
  for (const { path, text } of stale) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return stale.map(({ path }) => path);
};

const makeStale = async (root: string, files: readonly GeneratedFile[]) => {
  const made = await Promise.all(
    files.map(async ({ path, make }) => {
      const [text, committed] = await Promise.all([make(), readText(join(root, path))]);
      return { path, text, isStale: text !== committed };
    }),
  );
  return made.filter(({ isStale }) => isStale);
};

const readText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
};
