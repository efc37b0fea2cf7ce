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
    const [whole, path = "", name = ""] = match;
    filled.push(page.slice(last, match.index), await snippet(root, path, name));
    last = match.index + whole.length;
  }
  return [...filled, page.slice(last)].join("");
};

const snippetPattern = /^<!-- snippet: (\S+)#(\S+) -->\n(?:\n```\w*\n[\s\S]*?\n```\n)?/gm;

const snippet = async (root: string, path: string, name: string): Promise<string> => {
  const source = await readFile(`${root}/${path}`, "utf8");
  const lines = source.split("\n");
  const start = lines.findIndex((line) => line.includes(`docs:start(${name})`));
  const end = lines.findIndex((line) => line.includes(`docs:end(${name})`));
  if (start < 0 || end < start)
    throw new Error(`unable to quote ${path}; it has no lines between docs:start and docs:end of ${name}`);
  const quoted = lines.slice(start + 1, end);
  const indent = Math.min(...quoted.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)));
  const language = languages[extname(path)] ?? "";
  return `<!-- snippet: ${path}#${name} -->\n\n\`\`\`${language}\n${quoted.map((line) => line.slice(indent)).join("\n")}\n\`\`\`\n`;
};

const languages: Readonly<Record<string, string>> = { ".ts": "ts", ".js": "js", ".html": "js", ".sh": "sh" };
