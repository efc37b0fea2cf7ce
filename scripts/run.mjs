#!/usr/bin/env node
// Runs a script of this project on a fresh clone: `node scripts/run.mjs scripts/start.ts [arguments]`.
//
// It needs nothing but Node >= 18 and npm, so it is plain JavaScript and imports nothing that has to be installed. It
//   1. installs the dependencies when they are missing or the lockfile has changed,
//   2. checks that the Node of the project (the `node` package, which runs TypeScript) is there,
//   3. runs the script with that Node, hands signals on, and ends with the script's exit code.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, "node_modules");
const BIN = join(MODULES, ".bin");
const PROJECT_NODE = join(BIN, "node");
const STAMP = join(MODULES, ".sendsar-installed");
const NODE_MAJOR = 24;
const LOG_TAIL_LINES = 15;
const OUTPUT_BYTES_MAX = 1_000_000;
const PARENT_CHECK_MS = 500;

/** What the package manager says, and what to tell the reader about it. The first match counts. */
const INSTALL_PROBLEMS = [
  [/ENOSPC|no space left/i, "the disk is full"],
  [/EROFS|EACCES|EPERM/, "the folder is not writable for this user"],
  [/OUTDATED_LOCKFILE/, "pnpm-lock.yaml does not belong to the package.json files; run npx pnpm install"],
  [
    /ERR_PNPM_IGNORED_BUILDS|ELIFECYCLE|node_modules\S* (?:pre|post)?install\S*: Failed/i,
    "the install script of a package failed or was not permitted",
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|META_FETCH_FAIL|fetch failed|network request/i,
    "the package registry cannot be reached; check the network",
  ],
];

/** The running child; at most one at a time. A signal that arrives is for it. */
let child;
/** The signal that told this process to stop. */
let stoppedBy;

class Sentence extends Error {}

main().catch((error) => {
  console.error(error instanceof Sentence && !process.env.DEBUG ? error.message : error);
  process.exitCode = 1;
});

async function main() {
  const [script, ...args] = process.argv.slice(2);
  if (script === undefined) throw new Sentence("unable to run; usage: node scripts/run.mjs <script> [arguments]");
  forwardSignals();
  await installDependencies();
  if (stoppedBy === undefined) requireProjectNode();
  if (stoppedBy === undefined) process.exitCode = await run(PROJECT_NODE, [join(ROOT, script), ...args]);
  if (stoppedBy !== undefined && child === undefined) process.exitCode = 128 + constants.signals[stoppedBy];
}

/**
 * Hands signals on to the running child and waits for it to end. After Ctrl-C the child has the signal twice, from
 * the terminal and from here; the scripts of this project take the second one for the first.
 */
function forwardSignals() {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
  // npm runs this through a shell. When either is killed, nobody is left to hand a signal on.
  if (process.env.npm_lifecycle_event !== undefined) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && stop("SIGTERM"), PARENT_CHECK_MS).unref();
  }
}

function stop(signal) {
  stoppedBy ??= signal;
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  // The install runs in a process group of its own: npx does not hand every signal on.
  process.kill(child.ownGroup ? -child.pid : child.pid, signal);
}

/** Installs when node_modules is not what the lockfile asks for on this platform. */
async function installDependencies() {
  const wanted = installId();
  if (existsSync(PROJECT_NODE) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return;
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  console.error("Installing the dependencies (only the first time and after a change; this can take a minute) ...");
  const { code, output } = await runQuietly("npx", [
    ...["-y", "--prefer-offline", packageManager, "install", "--frozen-lockfile"],
    // It is the pinned version already; it need not look itself up in the lockfile.
    "--pm-on-fail=ignore",
    // It would ask before it replaces a node_modules folder that another package manager made.
    "--config.confirmModulesPurge=false",
  ]);
  if (stoppedBy !== undefined) return;
  if (code !== 0) throw new Sentence(installSentence(output));
  writeFileSync(STAMP, wanted);
}

/** The same as long as an installed node_modules is good: lockfile, permitted install scripts, platform. */
function installId() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml"]) hash.update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

function installSentence(output) {
  const reason = INSTALL_PROBLEMS.find(([pattern]) => pattern.test(output))?.[1] ?? "pnpm install failed";
  const tail = output.trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
  return `unable to install the dependencies; ${reason}\n\nThe end of its log:\n${tail}`;
}

function requireProjectNode() {
  // Through npm this process is that Node already.
  if (existsSync(PROJECT_NODE) && realpathSync(PROJECT_NODE) === process.execPath) return;
  const { stdout, error } = spawnSync(PROJECT_NODE, ["--version"], { encoding: "utf8" });
  if (error !== undefined) {
    throw new Sentence(
      `unable to run Node ${NODE_MAJOR} of the \`node\` package (${error.code ?? error.message}); its install script was ` +
        "not permitted or this platform is not supported; remove node_modules and try again",
    );
  }
  if (!stdout.startsWith(`v${NODE_MAJOR}.`)) {
    throw new Sentence(
      `unable to run; ${PROJECT_NODE} is ${stdout.trim() || "no working Node"}, not Node ${NODE_MAJOR}`,
    );
  }
}

/**
 * Runs the script on this terminal and resolves with the exit code to pass on. The channel to the script closes when
 * this process is killed, so a script that starts servers can stop them.
 */
async function run(command, args) {
  const path = [BIN, process.env.PATH].filter(Boolean).join(delimiter);
  const stdio = ["inherit", "inherit", "inherit", "ipc"];
  child = spawn(command, args, { stdio, env: { ...process.env, PATH: path } });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/** Runs a command and keeps what it prints, at most the last `OUTPUT_BYTES_MAX`. */
async function runQuietly(command, args) {
  let output = "";
  const keep = (text) => (output = (output + text).slice(-OUTPUT_BYTES_MAX));
  child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], detached: true });
  child.ownGroup = true;
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const code = await new Promise((resolve) => {
    child.once("error", (error) => resolve(keep(`\n${error.message}`) && 1));
    child.once("close", (exitCode, signal) => resolve(exitCode ?? 128 + constants.signals[signal]));
  });
  child = undefined;
  return { code, output };
}
