import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { type BuildOptions, type Plugin, build } from "esbuild";

/**
 * Builds `dist/` from `src/`: `index.js` for bundlers and Node, `sendsar.mjs` and `sendsar.js` for a browser without a
 * build step, and the types. Prints what a page has to load: the browser files, and the core, which is what is left for an
 * app that imports nothing but `Sendsar`. Rejects, and leaves `dist/` as it was, when one is larger than it may be. Each
 * file is replaced at once, so that a server or a test may read `dist/` meanwhile.
 */
export async function buildSdk(): Promise<void> {
  const [core, module, script, types, ...rest] = await Promise.all([
    bundle("core", { stdin: { contents: coreEntry, resolveDir: sdkDir }, format: "esm", minify: true }),
    bundle("sendsar.mjs", { entryPoints: ["src/sendsar.ts"], format: "esm", minify: true }),
    bundle("sendsar.js", { entryPoints: ["src/global.ts"], format: "iife", globalName: "Sendsar", minify: true }),
    emitTypes(),
    bundle("index.js", { entryPoints: ["src/sendsar.ts"], format: "esm", packages: "external" }),
  ]);
  checkSize(core, coreBytesMax);
  checkSize(module, fullBytesMax);
  checkSize(script, fullBytesMax);
  await replaceDist([module, script, ...types, ...rest]);
}

/** A file of `dist/`: its path there and its content. */
interface Output {
  readonly path: string;
  readonly text: string;
}

const sdkDir = import.meta.dirname;
const distDir = join(sdkDir, "dist");

/** An app that connects, lists, reads and sends, and uses no helper. */
const coreEntry = 'export { Sendsar, SendsarError } from "./src/sendsar.ts";';

/** Bytes of the core, after minifying and gzip. */
const coreBytesMax = 25_000;

/** Bytes of everything together, for a page without a build step. */
const fullBytesMax = 31_000;

async function bundle(path: string, options: BuildOptions): Promise<Output> {
  const { outputFiles } = await build({
    absWorkingDir: sdkDir,
    bundle: true,
    target: ["es2022"],
    platform: "browser",
    legalComments: "none",
    logLevel: "warning",
    plugins: [webSocketOnly],
    ...options,
    write: false,
  });
  return { path, text: outputFiles.map((file) => file.text).join("") };
}

/**
 * The SDK opens WebSockets and nothing else, through a `Manager` of its own: a page need not load the other transports of
 * the Socket.IO client, nor its table of managers by URL. The transports go from their table, and then nothing uses them
 * but a listener that one of them sets when it is loaded.
 */
const webSocketOnly: Plugin = {
  name: "websocket-only",
  setup: ({ onLoad, onResolve, resolve }) => {
    onLoad({ filter: /socket\.io-client[\\/]build[\\/]esm[\\/]index\.js$/ }, ({ path }) => ({
      contents: 'export { Manager } from "./manager.js";',
      resolveDir: dirname(path),
    }));
    onLoad({ filter: /engine\.io-client[\\/]build[\\/]esm[\\/]transports[\\/]index\.js$/ }, ({ path }) => ({
      contents: 'import { WS } from "./websocket.node.js"; export const transports = { websocket: WS };',
      resolveDir: dirname(path),
    }));
    onResolve({ filter: /\/polling-xhr(\.node)?\.js$/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === webSocketOnly) return undefined;
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: webSocketOnly });
      return { ...found, sideEffects: false };
    });
  },
};

/** Emits the declarations, keeps those the public ones lead to, and lets them name each other as every TypeScript can. */
async function emitTypes(): Promise<Output[]> {
  const emittedDir = await mkdtemp(join(tmpdir(), "sendsar-types-"));
  try {
    const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
    const project = join(sdkDir, "tsconfig.build.json");
    await promisify(execFile)(process.execPath, [tsc, "--project", project, "--outDir", emittedDir]);
    const outputs = new Map<string, Output>();
    const pending = ["sendsar"];
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (outputs.has(name)) continue;
      const text = await readFile(join(emittedDir, `${name}.d.ts`), "utf8");
      for (const [, imported = ""] of text.matchAll(relativeImport)) pending.push(imported);
      outputs.set(name, { path: `types/${name}.d.ts`, text: text.replaceAll(relativeImport, '"./$1.js"') });
    }
    return [...outputs.values()];
  } finally {
    await rm(emittedDir, { recursive: true });
  }
}

/** How the declarations name each other as emitted: by the source file. */
const relativeImport = /"\.\/([\w-]+)\.ts"/g;

function checkSize({ path, text }: Output, bytesMax: number): void {
  const bytes = gzipSync(text, { level: 9 }).length;
  console.log(`${path}: ${bytes} bytes after minifying and gzip`);
  if (bytes > bytesMax) {
    throw new Error(`unable to accept ${path}; ${bytes} bytes after gzip are more than ${bytesMax}`);
  }
}

async function replaceDist(outputs: readonly Output[]): Promise<void> {
  await mkdir(join(distDir, "types"), { recursive: true });
  for (const { path, text } of outputs) {
    const unfinished = join(distDir, `.${randomUUID()}`);
    await writeFile(unfinished, text);
    await rename(unfinished, join(distDir, path));
  }
  const wanted = new Set(outputs.map(({ path }) => join(distDir, path)));
  for (const entry of await readdir(distDir, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const isUnfinished = entry.name.startsWith(".");
    if (entry.isFile() && !wanted.has(file) && !isUnfinished) await rm(file);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await buildSdk();
