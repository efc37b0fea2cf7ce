import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const ids = /\b(?:RO|RF|SK|LG|ID|CL|SU|DE)\d+\b/g;
const root = join(import.meta.dirname, "../..");

const readRules = async (folder: string): Promise<readonly string[]> => {
  const page = await readFile(join(root, "src/reconcile", folder, "SPEC.md"), "utf8");
  return [...page.matchAll(/^- \*\*\[([A-Z]+\d+)\]\*\*/gm)].map(([, id = ""]) => id);
};

const readTestedIds = async (folder: string): Promise<readonly string[]> => {
  const dir = join(root, "test", folder);
  const files = (await readdir(dir)).filter((file) => file.endsWith(".test.ts"));
  const texts = await Promise.all(files.map((file) => readFile(join(dir, file), "utf8")));
  return texts.flatMap((text) =>
    [...text.matchAll(/\btest\(\s*"([^"]*)"/g)].flatMap(([, title = ""]) => title.match(ids) ?? []),
  );
};

test("every rule of the two SPEC.md has a test, and every id in a test's title is a rule", async () => {
  const rules = [...(await readRules("rotation")), ...(await readRules("deletion"))];
  expect(rules.length).toBeGreaterThan(30);
  expect(new Set(rules).size).toBe(rules.length);
  const tested = [...(await readTestedIds("credentials")), ...(await readTestedIds("deletion"))];
  expect([...new Set(tested)].sort()).toEqual([...rules].sort());
});
