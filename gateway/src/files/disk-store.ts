import { randomUUID } from "node:crypto";
import { constants, copyFile, link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import type { BigIntStats } from "node:fs";
import { dirname, join } from "node:path";
import { limits } from "@sendsar/protocol/limits";
import type { Arrived, FileStore, PresignedPut } from "./file-store.ts";
import { FileStoreError, headBytes } from "./file-store.ts";
import type { LinkSigner } from "./link-signer.ts";
import { filesPath } from "./links.ts";

export interface DiskStoreOptions {
  /** Made when it is not there. Several gateways may have it in common. */
  readonly dir: string;
  readonly publicUrl: string;
  readonly signer: LinkSigner;
}

/** What an address to put a file says. */
export interface PutPermission extends PresignedPut {
  readonly isExpired: boolean;
}

const purpose = "put";

/** Reads an address to put a file; undefined for a text that is none of ours. */
export const openPutPermission = (signer: LinkSigner, token: string, now: Date): PutPermission | undefined => {
  const signed = signer.open(purpose, token);
  const [key, contentType, sizeBytes, expires] = signed?.fields ?? [];
  if (typeof key !== "string" || typeof contentType !== "string") return undefined;
  // Who has one tenant's key signs for that tenant's files only.
  if (tenantOf(key) !== signed?.tenantId) return undefined;
  if (typeof sizeBytes !== "number" || typeof expires !== "number") return undefined;
  return { key, contentType, sizeBytes, expiresAt: new Date(expires), isExpired: now.getTime() > expires };
};

/** Where clients put files: `_incoming/<tenant>/<upload>`. */
const tenantOf = (key: string): string => key.split("/")[1] ?? "";

/**
 * Files in a folder, for one machine. Clients put them to the gateway, at a signed address.
 *
 * A file is written under a name of its own and moved to its key when it is whole and on disk, so a key has all of a file
 * or nothing, whatever breaks off in between.
 */
export const createDiskStore = ({ dir, publicUrl, signer }: DiskStoreOptions): FileStore => {
  const unfinishedDir = join(dir, "_unfinished");
  const pathOf = (key: string): string => {
    // Keys are ours; one that leads out of the folder would be a mistake of ours.
    if (!keyPattern.test(key)) throw new Error("unable to use a key of a file; it is not one of ours");
    return join(dir, key);
  };

  return {
    async presignPut({ key, contentType, sizeBytes, expiresAt }) {
      const token = signer.sign(tenantOf(key), purpose, [key, contentType, sizeBytes, expiresAt.getTime()]);
      return `${publicUrl}${filesPath}/${token}`;
    },
    inspect: (key) =>
      guarded("read a file", async () => {
        try {
          await using file = await open(pathOf(key));
          const head = Buffer.alloc(headBytes);
          const { bytesRead } = await file.read(head, 0, headBytes, 0);
          const found = await file.stat({ bigint: true });
          const arrived: Arrived = {
            sizeBytes: Number(found.size),
            version: versionOf(found),
            head: head.subarray(0, bytesRead),
          };
          return arrived;
        } catch (error) {
          if (isMissing(error)) return undefined;
          throw error;
        }
      }),
    promote: (from, to, arrived) =>
      guarded("keep a file", async () => {
        const [source, target] = [pathOf(from), pathOf(to)];
        await makeFolderOf(target);
        try {
          await linkOrCopy(source, target);
          // Looked at afterwards: what is still there was there all the time, so it is what the target has.
          if (versionOf(await stat(source, { bigint: true })) === arrived.version) return true;
        } catch (error) {
          if (!isMissing(error)) throw error;
        }
        await rm(target, { force: true });
        return false;
      }),
    serve: (key) =>
      guarded("read a file", async () => {
        await stat(pathOf(key));
        return { kind: "here", dir, path: key } as const;
      }),
    remove: (key) => guarded("remove a file", () => rm(pathOf(key), { force: true })),
    check: () =>
      guarded("use the folder of the files", async () => {
        await mkdir(unfinishedDir, { recursive: true, mode: 0o700 });
        const probe = join(unfinishedDir, randomUUID());
        await (await open(probe, "wx", 0o600)).close();
        await rm(probe);
      }),
    tidy: () => guarded("tidy up the folder of the files", () => removeOlderThan(unfinishedDir, leftoverMs)),
    receiver: {
      receive: (key, body, sizeBytes) =>
        guarded("write a file", async () => {
          const target = pathOf(key);
          await mkdir(unfinishedDir, { recursive: true, mode: 0o700 });
          const unfinished = join(unfinishedDir, randomUUID());
          try {
            if (!(await writeExactly(unfinished, body, sizeBytes))) return false;
            await makeFolderOf(target);
            await rename(unfinished, target);
            return true;
          } finally {
            await rm(unfinished, { force: true });
          }
        }),
    },
  };
};

const keyPattern = /^_?[a-z0-9-]+(?:\/[a-z0-9-]+)+$/;
/** After which a file that is still not whole is nobody's. */
const leftoverMs = (limits.uploadPutSecondsMax + 3600) * 1000;

/** Writes a body to a new file and to the disk; false if it has not exactly so many bytes. Reads no more than one chunk beyond. */
const writeExactly = async (path: string, body: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<boolean> => {
  await using file = await open(path, "wx", 0o600);
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > sizeBytes) return false;
    await file.writeFile(chunk);
  }
  if (bytes !== sizeBytes) return false;
  await file.sync();
  return true;
};

const versionOf = ({ ino, size, mtimeNs }: BigIntStats): string => `${ino}-${size}-${mtimeNs}`;

const makeFolderOf = async (path: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
};

/** Some file systems have no links. */
const linkOrCopy = async (source: string, target: string): Promise<void> => {
  try {
    await link(source, target);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "EXDEV", "EMLINK"].includes(codeOf(error))) throw error;
    await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
};

const removeOlderThan = async (dir: string, ms: number): Promise<void> => {
  const names = await readdir(dir).catch(absentAs<string[]>([]));
  for (const name of names) {
    const path = join(dir, name);
    const found = await stat(path).catch(absentAs(undefined));
    if (found && Date.now() - found.mtimeMs > ms) await rm(path, { force: true });
  }
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "";
const isMissing = (error: unknown): boolean => codeOf(error) === "ENOENT";

/** For `catch`: what is not there counts as this. */
const absentAs =
  <T>(value: T) =>
  (error: unknown): T => {
    if (isMissing(error)) return value;
    throw error;
  };

/** What the file system refuses is the store's failure; what breaks off with the client's connection is not. */
const guarded = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!/^E[A-Z]+$/.test(codeOf(error)) || codeOf(error) === "ECONNRESET") throw error;
    throw new FileStoreError(`unable to ${what}; ${codeOf(error)}`, { cause: error });
  }
};
