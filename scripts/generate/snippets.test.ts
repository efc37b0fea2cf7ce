import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillSnippets } from "./snippets.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "sendsar-snippets-"));
  await writeFile(join(root, "hello.py"), "# docs:start(say)\n  print(1)\n    print(2)\n# docs:end(say)\n");
  await writeFile(join(root, "page.html"), "<!-- docs:start(page) -->\n<p>\n<!-- docs:end(page) -->\n");
});
afterAll(() => rm(root, { recursive: true }));

const fill = async (page: string): Promise<string> => {
  await writeFile(join(root, "page.md"), page);
  return await fillSnippets("page.md", root);
};

const filled = "<!-- snippet: hello.py#say -->\n\n```python\nprint(1)\n  print(2)\n```\n";

test("a mark is followed by the lines of its file, and by what followed it before", async () => {
  expect(await fill("<!-- snippet: hello.py#say -->\n\nThen.\n")).toBe(`${filled}\nThen.\n`);
  expect(await fill("<!-- snippet: page.html#page -->\n")).toBe(
    "<!-- snippet: page.html#page -->\n\n```html\n<p>\n```\n",
  );
});

test("an older copy is replaced, and a block in another language is not", async () => {
  expect(await fill("<!-- snippet: hello.py#say -->\n\n```python\nold\n```\n\n```text\n1\n```\n")).toBe(
    `${filled}\n\`\`\`text\n1\n\`\`\`\n`,
  );
  expect(await fill("<!-- snippet: hello.py#say -->\n\n```text\n1\n```\n")).toBe(`${filled}\n\`\`\`text\n1\n\`\`\`\n`);
});

test("a file without the marks is refused", async () => {
  await expect(fill("<!-- snippet: hello.py#other -->\n")).rejects.toThrow("unable to quote hello.py");
});
