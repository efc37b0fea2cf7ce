import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { projectDir } from "../../scripts/start/home.ts";

/** A fenced block of a page. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
}

/** Every page that is written by hand: paths from the root of the project. */
export const listPages = async (): Promise<readonly string[]> => {
  const folders = ["docs", "gateway", "operator", "crds", "sdk", "scripts"];
  const found = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(projectDir, folder), { recursive: true });
      return entries
        .filter((entry) => entry.endsWith(".md") && !/node_modules|dist\//.test(entry))
        .map((entry) => `${folder}/${entry}`);
    }),
  );
  return ["README.md", ...found.flat().toSorted()];
};

export const readPage = (path: string): Promise<string> => readFile(join(projectDir, path), "utf8");

/** The fenced blocks of a page, in order. */
export const codeBlocks = (page: string): readonly CodeBlock[] => {
  const blocks: CodeBlock[] = [];
  const lines = page.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const fence = /^```(\w*)$/.exec(lines[index] ?? "");
    if (!fence) continue;
    const end = lines.indexOf("```", index + 1);
    if (end < 0) throw new Error(`unable to read the page; the fence at line ${index + 1} is never closed`);
    blocks.push({ language: fence[1] ?? "", code: lines.slice(index + 1, end).join("\n"), line: index + 1 });
    index = end;
  }
  return blocks;
};

/** The page without its fenced blocks. */
export const prose = (page: string): string => page.replaceAll(/^```[\s\S]*?^```$/gm, "");
