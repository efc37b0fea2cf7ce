import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { homeFailure } from "./home.ts";

/** Replaces a file that only its owner may read. Readers see the old text or the new one, also after a power cut. */
export const writePrivateFile = async (path: string, text: string): Promise<void> => {
  const unfinished = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await using file = await open(unfinished, "wx", 0o600);
    await file.writeFile(text);
    await file.sync();
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw homeFailure(dirname(path), error);
  }
};
