import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { anchor } from "../../../scripts/generate/markdown.ts";
import { toHumanLimit } from "../../../scripts/generate/human-units.ts";
import { endpoints } from "../src/endpoints.ts";

const folder = fileURLToPath(new URL("../../../docs/reference/", import.meta.url));

let pages: Readonly<Record<string, string>>;

beforeAll(async () => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".md"));
  pages = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(folder + name, "utf8")] as const)),
  );
});

/** Links of a page to pages of this folder that lead to no page or no heading. */
const brokenLinks = (name: string, text: string): readonly string[] =>
  [...text.matchAll(/\]\(([\w./-]*)(#[^)]*)?\)/g)]
    .filter(([, path = "", heading]) => {
      if (path.includes("/")) return false;
      const target = pages[path === "" ? name : path];
      if (target === undefined) return true;
      const headings = [...target.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => anchor(title));
      return heading !== undefined && !headings.includes(heading);
    })
    .map(([link]) => link);

test("every link inside the reference leads to a page and a heading", () => {
  const broken = Object.entries(pages).flatMap(([name, text]) => brokenLinks(name, text));
  expect(broken).toEqual([]);
  expect(brokenLinks("rest.md", "[a](nowhere.md) [b](#nowhere) [c](errors.md)")).toEqual([
    "](nowhere.md)",
    "](#nowhere)",
  ]);
});

test("no heading of the REST page stands for two things", () => {
  const headings = [...(pages["rest.md"] ?? "").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => anchor(title));
  expect(headings.length).toBe(new Set(headings).size);
});

test.each(Object.values(endpoints))("$method $path has a call to paste, in full", ({ method, path }) => {
  const address = path.replaceAll(/:\w+/g, "[\\w-]+");
  const flag = method === "GET" ? "" : `-X ${method} `;
  expect(pages["rest.md"]).toMatch(new RegExp(`curl ${flag}"\\$API_URL${address}" \\\\\\n  -H "`));
});

test.each([
  ["bodyBytesMax", 65_536, "64 KiB"],
  ["fileBytesMax", 5 * 1024 ** 2, "5 MiB"],
  ["oddBytesMax", 1000, "1,000 bytes"],
  ["queryMsMax", 5000, "5 s"],
  ["flushMsMax", 250, "250 ms"],
  ["sessionSecondsMin", 60, "1 min"],
  ["sessionSecondsMax", 86_400, "1 d"],
  ["ringSecondsDefault", 45, "45 s"],
  ["eventsPerSecondMax", 100, "100 per second"],
  ["textCharsMax", 10_000, "10,000 characters"],
  ["messagePartsMax", 32, "32"],
])("%s of %i reads %s", (name, value, text) => {
  expect(toHumanLimit(name, value)).toBe(text);
});
