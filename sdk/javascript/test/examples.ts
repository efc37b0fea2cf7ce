import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** A piece of code that the documentation shows. */
export interface Example {
  /** File and number, fit to be a file name. */
  readonly name: string;
  readonly code: string;
}

/** Every `@example` of `src/` and every `ts` block of the README. */
export async function readExamples(): Promise<Example[]> {
  const sdkDir = join(import.meta.dirname, "..");
  const readme = await readFile(join(sdkDir, "README.md"), "utf8");
  const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ""]) => ({ file: "readme", code }));
  for (const file of await readdir(join(sdkDir, "src"))) {
    const source = await readFile(join(sdkDir, "src", file), "utf8");
    for (const [, block = ""] of source.matchAll(/ \* @example\n([\s\S]*?) \*\//g)) {
      examples.push({ file: file.replace(".ts", ""), code: block.replaceAll(/^ *\* ?/gm, "") });
    }
  }
  return examples.map(({ file, code }, index) => ({ name: `example-${index + 1}-${file}`, code }));
}
