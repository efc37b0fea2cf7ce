import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { emitTypes } from "../../scripts/build/emit-types.ts";
import { type Output, replaceDist } from "../../scripts/build/replace-dist.ts";

/** Builds `dist/` from `src/`: `index.js` for Node and the types. Leaves `dist/` as it was when that fails. */
export async function buildServerSdk(): Promise<void> {
  const [code, types] = await Promise.all([bundle(), emitTypes(packageDir, "server-sdk")]);
  await replaceDist(packageDir, [code, ...types]);
}

const packageDir = import.meta.dirname;

async function bundle(): Promise<Output> {
  const { outputFiles } = await build({
    absWorkingDir: packageDir,
    entryPoints: ["src/server-sdk.ts"],
    bundle: true,
    format: "esm",
    platform: "node",
    target: ["node20"],
    legalComments: "none",
    logLevel: "warning",
    write: false,
  });
  return { path: "index.js", text: outputFiles.map((file) => file.text).join("") };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await buildServerSdk();
