import { readFile, readdir } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { projectDir } from "../../scripts/start/home.ts";
import { readPage } from "./markdown.ts";

// Pages of rows with ids, and tests with these ids in their titles: each has what the other has.

interface PageOfIds {
  readonly page: string;
  /** The ids that the page must have a row for, when a title has them. */
  readonly isIts: (id: string) => boolean;
}

const pages: readonly PageOfIds[] = [
  { page: "docs/explanation/threats.md", isIts: (id) => /^[A-EH-K]/.test(id) },
  { page: "docs/explanation/published-clients.md", isIts: (id) => id.startsWith("W") },
];

/** Ids at the beginning of a text in a file, as titles have them -> the files. */
let titled: ReadonlyMap<string, ReadonlySet<string>>;
beforeAll(async () => {
  const found = new Map<string, Set<string>>();
  for (const folder of ["gateway", "scripts", "sdk", "e2e"]) {
    const entries = await readdir(join(projectDir, folder), { recursive: true });
    for (const entry of entries.filter((name) => name.endsWith(".ts") && !/node_modules|dist\//.test(name))) {
      const file = `${folder}/${entry}`;
      for (const id of idsIn(await readFile(join(projectDir, file), "utf8"))) {
        found.set(id, (found.get(id) ?? new Set()).add(file));
      }
    }
  }
  titled = found;
});

const idsIn = (source: string): string[] =>
  [...source.matchAll(/["`]((?:[A-Z]\d{2} )+)/g)].flatMap(([, ids = ""]) => ids.trim().split(" "));

interface Row {
  readonly id: string;
  readonly text: string;
  /** Files that the row names, from the root of the project. */
  readonly files: readonly string[];
}

const rowsOf = async (page: string): Promise<readonly Row[]> =>
  [...(await readPage(page)).matchAll(/^\| ([A-Z]\d{2}) +\|(.*)\|$/gm)].map(([, id = "", text = ""]) => ({
    id,
    text,
    files: [...text.matchAll(/\]\(([^)#]+\.ts)\)/g)].map(([, link = ""]) => normalize(join(dirname(page), link))),
  }));

describe.each(pages)("$page", ({ page, isIts }) => {
  test("has one row for every id that a title has, in order", async () => {
    const ids = (await rowsOf(page)).map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => (a < b ? -1 : 1)));
    expect([...titled.keys()].filter((id) => isIts(id) && !ids.includes(id))).toEqual([]);
    expect(ids.length).toBeGreaterThanOrEqual(30);
  });

  test("names for every id files that have it in a title; where none has, the row says why in a sentence", async () => {
    for (const { id, text, files } of await rowsOf(page)) {
      const real = titled.get(id) ?? new Set();
      if (real.size > 0) expect(files, id).not.toEqual([]);
      else expect([id, text.trim()]).toEqual([id, expect.stringMatching(/\| [A-Z`].{15,}\.$/)]);
      for (const file of files) expect([id, file, real.has(file)]).toEqual([id, file, true]);
    }
  });
});
