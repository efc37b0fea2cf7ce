import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** A JSON document of this package, by its path from the package's root. */
export const readDocument = async <T>(path: string): Promise<T> =>
  JSON.parse(await readFile(new URL(`../${path}`, import.meta.url), "utf8")) as T;

/** Paths of the released copies of a document, newest first. */
export const releasedDocuments = async (name: "openapi" | "asyncapi"): Promise<readonly string[]> => {
  const files = await readdir(fileURLToPath(new URL("../released", import.meta.url)));
  return files
    .filter((file) => file.startsWith(`${name}-`))
    .toSorted((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .map((file) => `released/${file}`);
};
