import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../scripts/start/home.ts";
import { codeBlocks, listPages, prose, readPage } from "./markdown.ts";

const pages = await listPages();

/**
 * Every command that a page shows outside the pages that are run as a whole, and what runs it. A new command must be
 * listed here together with the test that proves it.
 */
const provenBy: Readonly<Record<string, string>> = {
  "npm start": "scripts/test/start.e2e.test.ts",
  "npm start -- --fresh": "scripts/test/start.e2e.test.ts",
  "PORT=4001 npm start": "scripts/test/start.e2e.test.ts",
  "npm test": "what runs these tests",
  "npm test -- gateway/test/chat.pg.test.ts": "scripts/test.ts passes its arguments on to what it always runs",
  "npm run test:faults": "e2e/faults/run.e2e.test.ts, with one row and fewer messages",
  "npm run test:faults -- --row 4": "e2e/faults/run.e2e.test.ts, with fewer messages",
  "npm run bench -- --quick": "bench/test/workloads.e2e.test.ts, each workload in the same way for a moment",
  "npm run tenants": "docs/test/quick-start.e2e.test.ts",
  "npm run generate": "scripts/test.ts, with --check",
  "npm run tenants -- list": "docs/test/quick-start.e2e.test.ts",
  "pnpm generate": "scripts/test.ts, with --check",
  "pnpm test:only sdk/protocol": "scripts/test.ts runs the same",
  "npx -y pnpm@12.21.0 check": "scripts/test.ts runs its parts",
  "npx -y pnpm@12.21.0 generate": "scripts/test.ts, with --check",
  "npx -y pnpm@12.21.0 format": "scripts/test.ts, with --check",
  "npm install @sendsar/chat-sdk-javascript": "sdk/javascript/test/pack.test.ts, from the packed file",
  "npm install @sendsar/server-sdk": "sdk/server/test/pack.test.ts, from the packed file",
  'export PATH="$PWD/node_modules/.bin:$PATH"': "docs/test/quick-start.e2e.test.ts",
  "API_URL=http://localhost:3001/v1 API_KEY=sk_… PORT=3002 node server.ts":
    "docs/examples/quick-start/test/process.test.ts",
};
/** Their blocks of shell are all run: by quick-start.e2e.test.ts and reference.pg.test.ts. */
const runAsAWhole = ["docs/tutorials/quick-start.md", "docs/reference/rest.md"];

describe.each(pages)("%s", (path) => {
  test("every relative link leads to a file", async () => {
    const text = prose(await readPage(path));
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? "");
    const broken = await missingOf(targets.map((target) => join(dirname(path), target)));
    expect(broken).toEqual([]);
  });

  test("every link to a heading finds it", async () => {
    const text = prose(await readPage(path));
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
    const inline = [...prose(page).matchAll(/`((?:[A-Z_]+=\S+ )*(?:npm|npx|pnpm|node|curl) [^`]+)`/g)];
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
