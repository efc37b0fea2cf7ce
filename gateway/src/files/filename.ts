import { create as createDisposition } from "content-disposition";
import filenamify from "filenamify";
import { limits } from "@sendsar/protocol/limits";

/**
 * A name as it may be shown and proposed for saving: without folders, control characters, characters that change the
 * direction of writing, and names that systems keep for themselves. What is kept is never used as a path.
 */
export const cleanFilename = (name: string): string =>
  filenamify(name, { replacement: "_", maxLength: limits.filenameCharsMax });

/** `Content-Disposition` with a name, as RFC 6266 has it. */
export const toDisposition = (type: "inline" | "attachment", filename: string): string =>
  createDisposition(filename, { type });
