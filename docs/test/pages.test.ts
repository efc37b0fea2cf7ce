import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../scripts/start/home.ts";
import { howToPages } from "./how-to-pages.ts";
import { codeBlocks, listPages, prose, readPage } from "./markdown.ts";
import { operatorPages } from "./operator-pages.ts";
import { provenBy } from "./proven-commands.ts";

const pages = await listPages();

/** Their blocks of shell are all run: quick-start.e2e, reference.pg, how-to.pg and operator-pages.kube test. */
const runAsAWhole = ["docs/tutorials/quick-start.md", "docs/reference/rest.md", ...howToPages, ...operatorPages];

describe.each(pages)("%s", (path) => {
  test("every relative link leads to a file", async () => {
    const text = withoutCode(await readPage(path));
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? "");
    const broken = await missingOf(targets.map((target) => join(dirname(path), target)));
    expect(broken).toEqual([]);
  });

  test("every link to a heading finds it", async () => {
    const text = withoutCode(await readPage(path));
    for (const [, target = "", anchor = ""] of text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)) {
      const other = target === "" ? path : join(dirname(path), target);
      expect(headingsOf(await readPage(other)), `${path} -> ${other}#${anchor}`).toContain(anchor);
    }
  });
});

test("every command on a page is run by a test", async () => {
  const unproven: string[] = [];
  for (const path of pages) {
    const page = await readPage(path);
    const blocks = runAsAWhole.includes(path) ? [] : codeBlocks(page).filter(({ language }) => language === "sh");
    const inline = [...prose(page).matchAll(/`((?:[A-Z_]+=\S+ )*(?:npm|npx|pnpm|node|curl|kubectl [a-z]+) [^`]+)`/g)];
    const commands = [...blocks.map(({ code }) => code), ...inline.map((match) => match[1] ?? "")];
    unproven.push(...commands.filter((command) => !(command in provenBy)).map((command) => `${path}: ${command}`));
  }
  expect(unproven).toEqual([]);
});

test("every file that the architecture names is there", async () => {
  const text = await readPage("docs/explanation/architecture.md");
  const named = [...text.matchAll(/(?:^|[\s`(])((?:[\w-]+\/)+[\w-]+\.(?:ts|sql|json))/gm)].map(
    (match) => match[1] ?? "",
  );
  expect(named.length).toBeGreaterThan(10);
  const homes = await Promise.all(
    named.map(async (file) => {
      const missing = await missingOf([file, `gateway/src/${file}`]);
      return missing.length === 2 ? [file] : [];
    }),
  );
  expect(homes.flat()).toEqual([]);
});

/** What stands in code is no link, even where it looks like one. */
const withoutCode = (page: string): string => prose(page).replaceAll(/`[^`\n]*`/g, "``");

const missingOf = async (paths: readonly string[]): Promise<readonly string[]> => {
  const found = await Promise.all(
    paths.map((path) =>
      access(join(projectDir, path)).then(
        () => [],
        () => [path],
      ),
    ),
  );
  return found.flat();
};

/** Anchors as code hosts make them from headings. */
const headingsOf = (page: string): readonly string[] =>
  [...page.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
