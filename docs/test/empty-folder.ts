import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectDir } from "../../scripts/start/home.ts";

/** A folder of somebody who follows a page. Disposing removes it. */
export interface EmptyFolder extends AsyncDisposable {
  readonly dir: string;
}

/**
 * Makes one, copies files of an example into it, and gives it the packages that the page has installed: as they are built
 * in this project. That they install from a registry is tested with the packages.
 */
export const createEmptyFolder = async (
  files: readonly string[] = [],
  packages: readonly ("javascript" | "server")[] = [],
): Promise<EmptyFolder> => {
  const dir = await mkdtemp(join(tmpdir(), "sendsar-reader-"));
  const scope = join(dir, "node_modules/@sendsar");
  await mkdir(scope, { recursive: true });
  const names = { javascript: "chat-sdk-javascript", server: "server-sdk" } as const;
  for (const name of packages) await symlink(join(projectDir, "sdk", name), join(scope, names[name]));
  for (const file of files) await cp(join(projectDir, file), join(dir, file.split("/").at(-1) ?? file));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
};
