import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where built and unpacked programs are kept, for every checkout of this user: they take minutes to make, and a fresh clone
 * needs the same ones. XDG base directory specification.
 */
export const kubeCacheDir = (): string =>
  join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "sendsar/kube");
