import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type GeneratedFile, findStale, writeStale } from "../../../scripts/generate/sync.ts";

const files: readonly GeneratedFile[] = [
  { path: "a.md", make: () => "a\n" },
  { path: "deep/in/b.json", make: async () => "{}\n" },
];

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "generate-"));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

test("missing files are stale, and looking writes nothing", async () => {
  expect(await findStale(root, files)).toEqual(["a.md", "deep/in/b.json"]);
  expect(await findStale(root, files)).toEqual(["a.md", "deep/in/b.json"]);
});

test("writing makes them, and then nothing is stale", async () => {
  expect(await writeStale(root, files)).toEqual(["a.md", "deep/in/b.json"]);
  expect(await readFile(join(root, "deep/in/b.json"), "utf8")).toBe("{}\n");
  expect(await findStale(root, files)).toEqual([]);
});

test("a changed file is named and written again, the others are left alone", async () => {
  await writeStale(root, files);
  const before = await stat(join(root, "deep/in/b.json"), { bigint: true });
  await writeFile(join(root, "a.md"), "edited by hand\n");
  expect(await writeStale(root, files)).toEqual(["a.md"]);
  expect((await stat(join(root, "deep/in/b.json"), { bigint: true })).mtimeNs).toBe(before.mtimeNs);
});

test("a file that cannot be read is an error, not a stale file", async () => {
  await expect(findStale(root, [{ path: ".", make: () => "" }])).rejects.toThrow("EISDIR");
});
