import { readFile } from "node:fs/promises";
import { extname } from "node:path";

/**
 * A page whose `<!-- snippet: path#name -->` lines are each followed by the lines of that file between
 * `docs:start(name)` and `docs:end(name)`, so that what a page shows is code that runs. Throws when there are none.
 */
export const fillSnippets = async (pagePath: string, root = process.cwd()): Promise<string> => {
  const page = await readFile(`${root}/${pagePath}`, "utf8");
  const filled: string[] = [];
  let last = 0;
  for (const match of page.matchAll(snippetPattern)) {
    const [whole, path = "", name = "", fence = "", language] = match;
    const code = await readSnippet(root, path, name);
    const own = languageOf(path, code);
    filled.push(page.slice(last, match.index), `<!-- snippet: ${path}#${name} -->\n\n\`\`\`${own}\n${code}\n\`\`\`\n`);
    // A block in another language is not an older copy of the snippet: the page goes on with it.
    last = match.index + whole.length - (language === own ? 0 : fence.length);
  }
  return [...filled, page.slice(last)].join("");
};

const snippetPattern = /^<!-- snippet: (\S+)#(\S+) -->\n(\n```(\w*)\n[\s\S]*?\n```\n)?/gm;

/** The lines between the marks, without their common indentation. */
const readSnippet = async (root: string, path: string, name: string): Promise<string> => {
  const source = await readFile(`${root}/${path}`, "utf8");
  const lines = source.split("\n");
  const start = lines.findIndex((line) => line.includes(`docs:start(${name})`));
  const end = lines.findIndex((line) => line.includes(`docs:end(${name})`));
  if (start < 0 || end < start)
    throw new Error(`unable to quote ${path}; it has no lines between docs:start and docs:end of ${name}`);
  const quoted = lines.slice(start + 1, end);
  const indent = Math.min(...quoted.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)));
  return quoted.map((line) => line.slice(indent)).join("\n");
};

/** What a fence calls it, by the extension of the file. */
const languages: Readonly<Record<string, string>> = {
  ".ts": "ts",
  ".js": "js",
  ".mjs": "js",
  ".sh": "sh",
  ".py": "python",
  ".php": "php",
  ".go": "go",
  ".ru": "ruby",
};

/** A page has scripts in it: what begins with a tag is markup. */
const languageOf = (path: string, code: string): string => {
  if (extname(path) !== ".html") return languages[extname(path)] ?? "";
  return code.trimStart().startsWith("<") ? "html" : "js";
};
