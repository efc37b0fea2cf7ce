import { readFile } from "node:fs/promises";
import { writePrivateFile } from "./private-file.ts";
import { codeOf } from "../process/sentence.ts";

/** What a program needs to talk to the running stack. */
export interface DevFile {
  /** Of the REST API, with its version. */
  readonly apiUrl: string;
  /** Of the tenant `demo`. */
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** Of a role that may do everything, for the command line and psql. */
  readonly databaseUrl: string;
  readonly docsUrl: string;
  readonly demoUrl: string;
}

/** Replaces the file. */
export const writeDevFile = (path: string, content: DevFile): Promise<void> =>
  writePrivateFile(path, `${JSON.stringify(content, undefined, 2)}\n`);

/** What is known of the file's content: nothing if it is not there or damaged. */
export const readDevFile = async (path: string): Promise<Partial<DevFile>> => {
  try {
    const content: unknown = JSON.parse(await readFile(path, "utf8"));
    return typeof content === "object" && content !== null ? content : {};
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === "ENOENT") return {};
    throw error;
  }
};
