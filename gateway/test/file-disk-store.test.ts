import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDiskStore, openPutPermission } from "../src/files/disk-store.ts";
import type { FileReceiver, FileStore } from "../src/files/file-store.ts";
import { FileStoreError } from "../src/files/file-store.ts";
import { createKeyRing } from "../src/auth/key-ring.ts";
import { createLinkSigner } from "../src/files/link-signer.ts";

const signer = createLinkSigner(createKeyRing({ kind: "master", masterKey: randomBytes(32).toString("base64") }));
const headers = { contentType: "text/plain", contentDisposition: "attachment" };

let dir: string;
let store: FileStore & { readonly receiver: FileReceiver };
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sendsar-disk-"));
  store = createDiskStore({ dir, publicUrl: "http://chat.example", signer }) as typeof store;
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const body = async function* (...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
};
const filesBelow = async (): Promise<string[]> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

describe("a folder of files", () => {
  test("has all of a body or nothing, and tells what it begins with", async () => {
    expect(await store.inspect("_incoming/a/1")).toBeUndefined();
    expect(await store.receiver.receive("_incoming/a/1", body("hel", "lo"), 5)).toBe(true);
    const arrived = await store.inspect("_incoming/a/1");
    expect(arrived?.sizeBytes).toBe(5);
    expect(Buffer.from(arrived?.head ?? []).toString()).toBe("hello");
  });

  test.each([
    ["less", ["hell"]],
    ["more", ["hello", "!"]],
    ["nothing", []],
  ])("E10 %s than was announced is not kept, nor is anything left", async (_what, chunks) => {
    expect(await store.receiver.receive("_incoming/a/1", body(...chunks), 5)).toBe(false);
    expect(await filesBelow()).toEqual([]);
  });

  test("E10 an endless body is read to its limit and no further", async () => {
    let chunks = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        chunks++;
        yield Buffer.alloc(1000);
      }
    };
    expect(await store.receiver.receive("_incoming/a/1", endless(), 10_000)).toBe(false);
    expect(chunks).toBe(11);
    expect(await filesBelow()).toEqual([]);
  });

  test("E10 a body that breaks off leaves nothing", async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from("he");
      throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
    };
    await expect(store.receiver.receive("_incoming/a/1", broken(), 5)).rejects.toThrow("aborted");
    expect(await filesBelow()).toEqual([]);
  });

  test("E09 what was replaced after it was looked at is not promoted", async () => {
    await store.receiver.receive("_incoming/a/1", body("good!"), 5);
    const arrived = await store.inspect("_incoming/a/1");
    if (!arrived) throw new Error("nothing has arrived");
    await store.receiver.receive("_incoming/a/1", body("evil!"), 5);
    expect(await store.promote("_incoming/a/1", "a/uploads/1", arrived, headers)).toBe(false);
    expect(await store.inspect("a/uploads/1")).toBeUndefined();
  });

  test("E09 what is put after it was promoted changes nothing of the file", async () => {
    await store.receiver.receive("_incoming/a/1", body("good!"), 5);
    const arrived = await store.inspect("_incoming/a/1");
    if (!arrived) throw new Error("nothing has arrived");
    expect(await store.promote("_incoming/a/1", "a/uploads/1", arrived, headers)).toBe(true);
    await store.receiver.receive("_incoming/a/1", body("evil!"), 5);
    expect(Buffer.from((await store.inspect("a/uploads/1"))?.head ?? []).toString()).toBe("good!");
  });

  test("removing what is not there is done at once", async () => {
    await store.receiver.receive("_incoming/a/1", body("hello"), 5);
    await store.remove("_incoming/a/1");
    await store.remove("_incoming/a/1");
    expect(await filesBelow()).toEqual([]);
  });

  test("tidying up removes what a killed gateway has left, and not what is being written", async () => {
    await store.check();
    const [old, young] = [join(dir, "_unfinished/old"), join(dir, "_unfinished/young")];
    await Promise.all([writeFile(old, "x"), writeFile(young, "x")]);
    const yesterday = new Date(Date.now() - 86_400_000);
    await utimes(old, yesterday, yesterday);
    await store.tidy();
    expect(await filesBelow()).toEqual([young]);
  });

  test("only the account of the gateway reads it", async () => {
    await store.receiver.receive("_incoming/a/1", body("hello"), 5);
    const [path = ""] = await filesBelow();
    expect((await stat(path)).mode & 0o077).toBe(0);
  });

  test.each(["../x", "/etc/passwd", "a/../../x", "a", "a/b\u0000", "A/b", "a//b", "a/b/"])(
    "E07 %j is no key",
    async (key) => {
      await expect(async () => store.inspect(key)).rejects.toThrow("unable to use a key");
    },
  );

  test("34 a folder that cannot be used is the store's failure, with the reason", async () => {
    const file = join(dir, "file");
    await writeFile(file, "x");
    const broken = createDiskStore({ dir: file, publicUrl: "", signer });
    await expect(broken.check()).rejects.toThrow(FileStoreError);
    await expect(broken.receiver?.receive("_incoming/a/1", body("hello"), 5)).rejects.toThrow(
      /^unable to write a file; (EEXIST|ENOTDIR)$/,
    );
  });
});

describe("addresses to put a file", () => {
  const put = { key: "_incoming/a/1", contentType: "image/png", sizeBytes: 5, expiresAt: new Date(2_000_000) };
  const tokenOf = async (): Promise<string> => new URL(await store.presignPut(put)).pathname.split("/")[2] ?? "";

  test("say what may be put, until when", async () => {
    const token = await tokenOf();
    expect(openPutPermission(signer, token, new Date(2_000_000))).toEqual({ ...put, isExpired: false });
    expect(openPutPermission(signer, token, new Date(2_000_001))).toEqual({ ...put, isExpired: true });
  });

  test("B09 a link to read is none, nor is what nobody signed", async () => {
    const fields = ["_incoming/a/1", "image/png", 5, 2_000_000];
    expect(openPutPermission(signer, signer.sign("a", "put", fields), new Date(0))).toBeDefined();
    // The second is signed with the key of a tenant, and for the files of another.
    const forged = [signer.sign("a", "read", fields), signer.sign("b", "put", fields)];
    for (const token of [...forged, "", "x", `${await tokenOf()}x`]) {
      expect(openPutPermission(signer, token, new Date(0))).toBeUndefined();
    }
  });
});
