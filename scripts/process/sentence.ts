import { inspect } from "node:util";

/** A failure that the reader can act on. Its message is the one sentence to print; it needs no stack. */
export class Sentence extends Error {
  override readonly name = "Sentence";
}

/** What to print for a failure: the sentence alone, or with DEBUG set everything that is known. */
export const describeFailure = (error: unknown): string => {
  if (process.env["DEBUG"]) return inspect(error);
  if (error instanceof Sentence) return error.message;
  // A defect of ours: without its stack nobody could find it.
  return inspect(error);
};

/** Runs a script's main function; its answer is the exit code, and a failure is printed and ends with code 1. */
export const runMain = async (main: () => Promise<number>): Promise<void> => {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(describeFailure(error));
    process.exitCode = 1;
  }
  // The channel to the process that started us would keep this one alive.
  if (process.connected) process.disconnect();
};

/** The reason inside an error, for the second half of a sentence. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message.split("\n")[0]?.trim() || error.name;
};

/** The code of a system or database error, such as ENOENT or 28P01. */
export const codeOf = (error: unknown): string | undefined => {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : undefined;
};
