import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writePrivateFile } from "./private-file.ts";
import { Sentence, codeOf, reasonOf } from "../process/sentence.ts";

const keyBytes = 32;

/** Reads the master key, made once. Without it the secrets in the database cannot be read any more. */
export const ensureMasterKey = async (path: string): Promise<string> => {
  const key = await readMasterKey(path);
  if (key !== undefined) return key;
  const created = randomBytes(keyBytes).toString("base64");
  await writePrivateFile(path, `${created}\n`);
  return created;
};

/** Reads the master key if there is one. Throws a sentence if the file holds something else. */
export const readMasterKey = async (path: string): Promise<string | undefined> => {
  try {
    const text = (await readFile(path, "utf8")).trim();
    if (Buffer.from(text, "base64").length === keyBytes) return text;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new Sentence(`unable to read the master key ${path}; ${reasonOf(error)}`);
  }
  throw new Sentence(
    `unable to read the master key ${path}; it is not 32 bytes in base64; npm start -- --fresh makes one`,
  );
};
