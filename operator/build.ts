import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { build } from "esbuild";

/**
 * Builds the operator as it ships: `main.js` with all that it uses of its dependencies, what only some need in files beside
 * it (traces), and the SQL files of the schema. It needs Node and nothing else. Why it is bundled says
 * docs/decisions/0022-operator-bundle.md.
 */
export const buildOperator = async (outDir = join(packageDir, "dist")): Promise<void> => {
  await rm(outDir, { recursive: true, force: true });
  await build({
    absWorkingDir: packageDir,
    entryPoints: ["src/main.ts"],
    outdir: outDir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: ["node24"],
    // Loaded only where it is installed; it is not.
    external: ["pg-native"],
    // Packages in CommonJS ask for Node's own modules in this way.
    banner: {
      js: 'import { createRequire as openRequire } from "node:module"; const require = openRequire(import.meta.url);',
    },
    legalComments: "linked",
    logLevel: "warning",
    plugins: [withoutGeneratedApi, withOwnMigrations],
  });
  await cp(join(gatewayDir, "migrations"), join(outDir, "migrations"), { recursive: true });
};

const packageDir = import.meta.dirname;
const gatewayDir = join(packageDir, "../gateway");

/** Of client-node's 25 MB the operator uses its way of finding credentials: what is not used of the rest is left out. */
const withoutGeneratedApi: Plugin = {
  name: "without-generated-api",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^\.|^@kubernetes\/client-node/ }, async ({ path, pluginData, ...at }) => {
      const concerns = /client-node/.test(path) || /client-node[/\\]dist/.test(at.importer);
      if (pluginData === resolved || !concerns) return undefined;
      const found = await resolve(path, { ...at, pluginData: resolved });
      return { ...found, sideEffects: false };
    });
  },
};

/** Marks what this plugin asks esbuild itself, so that it is not asked again. */
const resolved = "resolved";

const withOwnMigrations: Plugin = {
  name: "with-own-migrations",
  setup({ onLoad }) {
    onLoad({ filter: /gateway[/\\]src[/\\]store[/\\]migrations-dir\.ts$/ }, () => ({
      contents: 'export const migrationsDir = import.meta.dirname + "/migrations";',
    }));
  },
};

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await buildOperator();
