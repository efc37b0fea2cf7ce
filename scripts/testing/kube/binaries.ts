import { access } from "node:fs/promises";
import { join } from "node:path";
import { kubeCacheDir } from "./cache-dir.ts";
import type { ToolName } from "./tool-build.ts";
import { readToolBuild, toolNames } from "./tool-build.ts";

/** Absolute paths of the programs. */
export type Binaries = Readonly<Record<ToolName, string>>;

export type FoundBinaries = { readonly paths: Binaries } | { readonly problem: string };

/**
 * Finds the programs of the test place, each where it is found first: the folder that `KUBEBUILDER_ASSETS` names (setup-envtest
 * fills one), then the cache of what `build-binaries.ts` has built. Builds nothing; answers a problem when one is missing.
 */
export const findBinaries = async (): Promise<FoundBinaries> => {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  const cache = await binariesDir();
  const places = [...(assets ? [assets] : []), cache];
  const found: Partial<Record<ToolName, string>> = {};
  for (const name of toolNames) {
    const path = await findIn(places, name);
    if (path === undefined) return { problem: `${name} is not built; run: node scripts/testing/kube/build.ts` };
    found[name] = path;
  }
  return { paths: found as Binaries };
};

/** The folder of the cache for the programs as they are pinned now. */
export const binariesDir = async (): Promise<string> => join(kubeCacheDir(), (await readToolBuild()).id);

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const findIn = async (places: readonly string[], name: ToolName): Promise<string | undefined> => {
  for (const place of places) {
    const path = join(place, name);
    if (await isThere(path)) return path;
  }
  return undefined;
};
