import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** A piece of code that the documentation shows. */
export interface Example {
  /** File and number, fit to be a file name. */
  readonly name: string;
  readonly code: string;
}

const sdkDir = join(import.meta.dirname, "..");

/** The `ts` blocks of a page, in order. */
export const readPageExamples = async (page: string): Promise<Example[]> => {
  const text = await readFile(page, "utf8");
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ""], index) => ({
    name: `page-${index + 1}`,
    code,
  }));
};

/** Every `@example` of `src/`. */
export const readDocExamples = async (): Promise<Example[]> => {
  const examples: Example[] = [];
  for (const file of (await readdir(join(sdkDir, "src"))).toSorted()) {
    const source = await readFile(join(sdkDir, "src", file), "utf8");
    for (const [, block = ""] of source.matchAll(/^ *\* @example\n([\s\S]*?)^ *\*\//gm)) {
      const code = block.replaceAll(/^ *\* ?/gm, "");
      examples.push({ name: `doc-${examples.length + 1}-${file.replace(".ts", "")}`, code });
    }
  }
  return examples;
};

/** Where the pages are. */
export const pages = { readme: join(sdkDir, "README.md"), howTo: join(sdkDir, "../../docs/how-to/server-sdk.md") };
