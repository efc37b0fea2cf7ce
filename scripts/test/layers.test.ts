import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectDir } from "../start/home.ts";

const run = promisify(execFile);

/** A file that breaks a rule, the rule, and a word of what the rule says. */
interface Violation {
  readonly file: string;
  readonly text: string;
  readonly rule: string;
}

const restrictedImport = "no-restricted-imports";

const violations: readonly Violation[] = [
  { file: "gateway/src/chat/a.ts", text: 'import "fastify";', rule: restrictedImport },
  { file: "gateway/src/chat/deep/a.ts", text: 'import "socket.io";', rule: restrictedImport },
  { file: "gateway/src/chat/a.ts", text: 'import "@socket.io/postgres-adapter";', rule: restrictedImport },
  {
    file: "gateway/src/chat/a.ts",
    text: 'import type { Pool } from "pg";\nexport type P = Pool;',
    rule: restrictedImport,
  },
  { file: "gateway/src/chat/a.ts", text: 'import "../http/server.ts";', rule: restrictedImport },
  { file: "gateway/src/chat/a.ts", text: 'import "../realtime/fanout.ts";', rule: restrictedImport },
  { file: "gateway/src/chat/a.ts", text: 'import "../gateway.ts";', rule: restrictedImport },
  { file: "gateway/src/chat/a.ts", text: 'export { a } from "../gateway.ts";', rule: restrictedImport },
  { file: "gateway/src/store/a.ts", text: 'import "../chat/rooms.ts";', rule: restrictedImport },
  { file: "gateway/src/store/a.ts", text: 'import "../http/server.ts";', rule: restrictedImport },
  { file: "gateway/src/store/a.ts", text: 'import "../realtime/io.ts";', rule: restrictedImport },
  { file: "gateway/src/http/a.ts", text: 'import "../realtime/io.ts";', rule: restrictedImport },
  { file: "gateway/src/http/routes/a.ts", text: 'import "../../realtime/io.ts";', rule: restrictedImport },
  { file: "gateway/src/http/a.ts", text: 'import "pg";', rule: restrictedImport },
  { file: "gateway/src/realtime/a.ts", text: 'import "../http/server.ts";', rule: restrictedImport },
  { file: "gateway/src/realtime/io.ts", text: 'import "../http/server.ts";', rule: restrictedImport },
  { file: "gateway/src/realtime/handlers/a.ts", text: 'import "pg";', rule: restrictedImport },
  { file: "gateway/src/provisioning/a.ts", text: 'import "pg";', rule: restrictedImport },
  { file: "gateway/src/gateway.ts", text: 'import "pg";', rule: restrictedImport },
  { file: "gateway/src/auth/a.ts", text: 'import "../chat/rooms.ts";', rule: restrictedImport },
  { file: "gateway/src/files/a.ts", text: 'import "../store/uploads.ts";', rule: restrictedImport },
  { file: "gateway/src/files/a.ts", text: 'import "@fastify/send";', rule: restrictedImport },
  { file: "gateway/src/chat/a.ts", text: 'import "../../../scripts/start.ts";', rule: restrictedImport },
  { file: "operator/src/reconcile/a.ts", text: 'import "pg";', rule: restrictedImport },
  { file: "operator/src/kube/a.ts", text: 'import "../reconcile/observe.ts";', rule: restrictedImport },
  { file: "operator/src/kube/a.ts", text: 'import "@sendsar/gateway/config";', rule: restrictedImport },
  { file: "operator/src/desired/a.ts", text: 'import "../reconcile/observe.ts";', rule: restrictedImport },
  { file: "operator/src/reconcile/a.ts", text: "export const a = process.env.PORT;", rule: "no-process-env" },
  { file: "sdk/javascript/src/a.ts", text: 'import "node:fs";', rule: restrictedImport },
  { file: "sdk/protocol/src/a.ts", text: 'import "fastify";', rule: restrictedImport },
  { file: "sdk/protocol/src/a.ts", text: 'import "node:fs";', rule: restrictedImport },
  { file: "sdk/server/src/a.ts", text: 'import "zod";', rule: restrictedImport },
  { file: "sdk/server/src/a.ts", text: 'import "@sendsar/protocol/errors";', rule: restrictedImport },
  { file: "sdk/server/src/a.ts", text: 'import "../../../scripts/start.ts";', rule: restrictedImport },
  { file: "gateway/src/chat/a.ts", text: "export const a = process.env.PORT;", rule: "no-process-env" },
  { file: "gateway/src/main.ts", text: "export const { PORT } = process.env;", rule: "no-process-env" },
  {
    file: "gateway/src/chat/a.ts",
    text: 'import { env } from "node:process";\nexport const a = env;',
    rule: restrictedImport,
  },
  {
    file: "gateway/src/realtime/a.ts",
    text: 'export const a = (io: { to(r: string): { emit(e: string): void } }) => io.to("r").emit("e");',
    rule: "no-restricted-properties",
  },
  {
    file: "gateway/src/http/a.ts",
    text: "export const a = ({ emit }: { emit(e: string): void }, b: { emit(e: string): void }) => [emit, b.emit];",
    rule: "no-restricted-properties",
  },
  { file: "sdk/javascript/src/a.ts", text: "export default 1;", rule: "no-default-export" },
  { file: "scripts/a.ts", text: 'export { b } from "./b";', rule: "extensions" },
  { file: "scripts/a.ts", text: 'import { c } from "./c.ts";\nexport const a = () => c;', rule: "no-cycle" },
];

const allowed: readonly Omit<Violation, "rule">[] = [
  { file: "gateway/src/store/a.ts", text: 'import "pg";' },
  { file: "gateway/src/realtime/io.ts", text: 'import "pg";\nimport "socket.io";' },
  { file: "gateway/src/http/a.ts", text: 'import "fastify";\nimport "../chat/rooms.ts";' },
  { file: "gateway/src/chat/a.ts", text: 'import "../store/rooms.ts";\nimport "../files/links.ts";' },
  { file: "gateway/src/realtime/fanout.ts", text: 'export const a = (io: { emit(e: string): void }) => io.emit("e");' },
  { file: "gateway/src/config.ts", text: "export const a = process.env.PORT;" },
  { file: "operator/src/reconcile/a.ts", text: 'import "../kube/cache.ts";\nimport "../desired/names.ts";' },
  { file: "sdk/server/src/a.ts", text: 'import "node:crypto";\nimport "node:timers/promises";\nimport "./b.ts";' },
  { file: "sdk/protocol/src/objects/a.ts", text: 'import "zod";\nimport "../limits.ts";\nimport "./b.ts";' },
];

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sendsar-layers-"));
  await copyFile(join(projectDir, ".oxlintrc.json"), join(dir, ".oxlintrc.json"));
  // The other half of an import cycle, and a file to import without its extension.
  await mkdir(join(dir, "scripts"));
  await writeFile(join(dir, "scripts/b.ts"), "export const b = 1;");
  await writeFile(join(dir, "scripts/c.ts"), 'import { a } from "./a.ts";\nexport const c = () => a;');
});

afterAll(() => rm(dir, { recursive: true, force: true }));

test.each(violations)("lint refuses $text in $file", async ({ file, text, rule }) => {
  const { exitCode, rules } = await lint(file, text);
  expect({ exitCode, rules }).toEqual({
    exitCode: 1,
    rules: expect.arrayContaining([expect.stringContaining(`(${rule})`)]),
  });
});

test.each(allowed)("lint accepts $text in $file", async ({ file, text }) => {
  expect(await lint(file, text)).toEqual({ exitCode: 0, rules: [] });
});

/** Lints one file as if it were in the project. Answers the rules that it breaks. */
const lint = async (file: string, text: string): Promise<{ exitCode: unknown; rules: readonly string[] }> => {
  const path = join(dir, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  try {
    const command = join(projectDir, "node_modules/.bin/oxlint");
    const output = await run(command, ["--deny-warnings", "--format=json", file], { cwd: dir }).then(
      ({ stdout }) => ({ exitCode: 0, stdout }),
      (error: { code: unknown; stdout: string }) => ({ exitCode: error.code, stdout: error.stdout }),
    );
    const { diagnostics } = JSON.parse(output.stdout) as { diagnostics: readonly { code: string }[] };
    return { exitCode: output.exitCode, rules: diagnostics.map(({ code }) => code) };
  } finally {
    await rm(path);
  }
};
