import { isDeepStrictEqual } from "node:util";
import { codeBlocks, readPage } from "./markdown.ts";
import { runInOneShell } from "./shell.ts";

export interface PageRun {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Blocks that are not run here. */
  readonly skip: readonly string[];
  /** Where the page names an address that is another one here. */
  readonly rewrite?: ((code: string) => string) | undefined;
  /** Typed before the first block. */
  readonly before?: string;
}

/** What a page shows after a command, and what the command printed. */
export interface Mismatch {
  /** File and line of what is shown. */
  readonly where: string;
  readonly shown: unknown;
  readonly printed: unknown;
}

/**
 * Types every block of shell of a page into one terminal, and compares what each prints with the block of JSON or text that
 * follows it, if one does. Throws with everything that was printed if a command fails.
 */
export const runPage = async (
  page: string,
  { cwd, env, skip, before = "true", rewrite = (code) => code }: PageRun,
): Promise<{ readonly count: number; readonly mismatches: readonly Mismatch[] }> => {
  const blocks = codeBlocks(await readPage(page));
  const commands = blocks.filter(({ language, code }) => language === "sh" && !skip.includes(code));
  const [, ...outputs] = await runInOneShell([before, ...commands.map(({ code }) => rewrite(code))], { cwd, env });
  const mismatches = commands.flatMap((command, index): Mismatch[] => {
    const next = blocks[blocks.indexOf(command) + 1];
    if (next === undefined || !["json", "text"].includes(next.language)) return [];
    const read = next.language === "json" ? JSON.parse : (text: string) => text.trim();
    const [shown, printed] = [mask(read(next.code)), mask(read(outputs[index] ?? ""))];
    const where = `${page}:${next.line}`;
    return isDeepStrictEqual(shown, printed) ? [] : [{ where, shown, printed }];
  });
  return { count: commands.length, mismatches };
};

/** Ids, times, tokens and ports differ from run to run; everything else must be as shown. */
const mask = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mask(item)]));
  }
  if (typeof value !== "string") return value;
  return value
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uuid>")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/g, "<time>")
    .replaceAll(/\beyJ[\w.…-]+/g, "<token>")
    .replaceAll(/\bsk_[\w…]+/g, "<key>")
    .replaceAll(/\breq_[\w<>…-]+/g, "<request>")
    .replaceAll(/files\/[\w…-]+/g, "files/<link>")
    .replaceAll(/(localhost|127\.0\.0\.1):\d+/g, "localhost:<port>");
};
