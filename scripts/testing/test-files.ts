import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../gateway/src/config.ts";
import { freePort } from "../process/ports.ts";

/** A folder for files, and what a gateway needs to know to use it. Disposing removes it. */
export interface TestFiles extends AsyncDisposable {
  readonly dir: string;
  /** With the port of the gateway that links lead to: it is chosen beforehand, because links name it. */
  readonly config: Pick<Config, "port" | "files">;
}

export const createTestFiles = async (): Promise<TestFiles> => {
  const dir = await mkdtemp(join(tmpdir(), "sendsar-files-"));
  const port = await freePort();
  return {
    dir,
    config: { port, files: { kind: "disk", publicUrl: `http://127.0.0.1:${port}`, dir } },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
};
