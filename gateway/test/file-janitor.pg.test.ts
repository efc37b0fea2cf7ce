import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { filePart, presign, putBytes, uploadFile } from "../../scripts/testing/upload-file.ts";
import { clearFiles, startFileJanitor } from "../src/chat/file-janitor.ts";
import { createDiskStore } from "../src/files/disk-store.ts";
import type { FileStore } from "../src/files/file-store.ts";
import { FileStoreError } from "../src/files/file-store.ts";
import { createKeyRing } from "../src/auth/key-ring.ts";
import { createLinkSigner } from "../src/files/link-signer.ts";
import type { Db } from "../src/store/db.ts";
import { openDb } from "../src/store/db.ts";

const { png } = sampleFiles;

let gateway: TestGateway;
let db: Db;
let store: FileStore;
beforeAll(async () => {
  gateway = await startTestGateway();
  // With the rights of a gateway, as its janitor has.
  db = openDb({ databaseUrl: gateway.database.gatewayUrl, poolMax: 4, onConnectionError: () => undefined });
  const signer = createLinkSigner(createKeyRing({ kind: "master", masterKey: gateway.masterKey }));
  store = createDiskStore({ dir: gateway.filesDir, publicUrl: gateway.url, signer });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

const sql = <Row extends object>(text: string): Promise<Row[]> => runOn<Row>(gateway.database.adminUrl, text);
const clearAll = async (using: FileStore = store): Promise<unknown[]> => {
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  while (await clearFiles({ db, store: using, onError, isStopped: () => false }));
  return errors;
};
const filesLeft = async (): Promise<string[]> => {
  const entries = await readdir(gateway.filesDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};
/** Makes everything that waits for its time due. */
const letTimePass = () => sql("update sendsar.file_removals set due_at = now() - interval '1 second'");

beforeEach(async () => {
  await sql("delete from sendsar.uploads");
  await sql("update sendsar.storage_usage set bytes_used = 0, file_count = 0, pending_bytes = 0");
  await sql("delete from sendsar.file_removals");
  for (const path of await filesLeft()) await store.remove(path.slice(gateway.filesDir.length + 1));
});

describe("E13 unfinished uploads", () => {
  test("E13 go after a day with their bytes, and not before; finished ones stay", async () => {
    const kept = await uploadFile(gateway.a.api, png);
    const [old, young] = [(await presign(gateway.a.api, png)).body, (await presign(gateway.b.api, png)).body];
    for (const { uploadUrl } of [old, young]) await putBytes(uploadUrl, png);
    await sql(
      `update sendsar.uploads set created_at = now() - interval '25 hours' where upload_id = '${old.uploadId}'`,
    );
    await sql(
      `update sendsar.uploads set created_at = now() - interval '23 hours' where upload_id = '${young.uploadId}'`,
    );
    await sql(`update sendsar.uploads set created_at = now() - interval '25 hours' where upload_id = '${kept}'`);
    expect(await clearAll()).toEqual([]);
    const rows = await sql<{ upload_id: string }>("select upload_id from sendsar.uploads");
    expect(new Set(rows.map((row) => row.upload_id))).toEqual(new Set([kept, young.uploadId]));
    expect((await gateway.a.api.get("/tenant/storage")).body).toMatchObject({ fileCount: 1, pendingBytes: 0 });
    expect((await filesLeft()).some((path) => path.endsWith(`/${old.uploadId}`))).toBe(false);
    expect((await filesLeft()).some((path) => path.endsWith(`/${young.uploadId}`))).toBe(true);
  });
});

describe("what nobody can read any more", () => {
  test("E10 of an aborted upload and of a deleted message nothing is left in the store", async () => {
    const ann = await createTestUser(gateway, gateway.a);
    const room = await createTestRoom(gateway.a, [ann]);
    const aborted = await uploadFile(ann.client, png);
    await ann.client.call("DELETE", `/chat/uploads/${aborted}`);
    const sent = await uploadFile(ann.client, png);
    const { body } = await ann.client.post(`/chat/rooms/${room.id}/messages`, { parts: [filePart(sent, png)] });
    expect(body).toMatchObject({ parts: [{ uploadId: sent }] });
    await clearAll();
    expect((await fetch(body.parts[0].url)).status).toBe(200);
    await ann.client.call("DELETE", `/chat/rooms/${room.id}/messages/${body.id}`);
    await clearAll();
    // Where clients put their bytes is cleared when no address to put any can be good any more.
    expect((await filesLeft()).filter((path) => !path.includes("/_incoming/"))).toEqual([]);
    await letTimePass();
    await clearAll();
    expect(await filesLeft()).toEqual([]);
    expect(await sql("select * from sendsar.file_removals")).toEqual([]);
  });

  test("E09 what is put again after the upload was completed goes, and the file stays", async () => {
    const { uploadId, uploadUrl } = (await presign(gateway.a.api, png)).body;
    await putBytes(uploadUrl, png);
    await gateway.a.api.post(`/chat/uploads/${uploadId}/complete`, {});
    // The gateway's own folder takes nothing more; a store of S3 would.
    expect((await putBytes(uploadUrl, png)).status).toBe(404);
    await letTimePass();
    await clearAll();
    expect(await filesLeft()).toHaveLength(1);
    const { accessUrl } = (await gateway.a.api.get(`/chat/uploads/${uploadId}/access`)).body;
    expect((await fetch(accessUrl)).status).toBe(200);
  });

  test("E10 an object that was made and became nobody's goes after an hour", async () => {
    await uploadFile(gateway.a.api, png);
    await sql("insert into sendsar.file_removals values ('a', 'a/uploads/2026/11/lost', now() + interval '1 hour')");
    await clearAll();
    expect(await sql("select * from sendsar.file_removals where object_key like '%lost'")).toHaveLength(1);
    await letTimePass();
    expect(await clearAll()).toEqual([]);
    expect(await sql("select * from sendsar.file_removals")).toEqual([]);
  });

  test("K09 a deleted tenant's files go, and nobody else's", async () => {
    const created = await gateway.provisioner.createTenant({ tenantId: "gone" });
    const { uploadUrl } = (await fetch(`${gateway.url}/v1/chat/uploads/presign`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": created.apiKey },
      body: JSON.stringify({ filename: png.filename, mediaType: png.mediaType, sizeBytes: png.bytes.length }),
    }).then((response) => response.json())) as { uploadUrl: string };
    await putBytes(uploadUrl, png);
    const kept = await uploadFile(gateway.a.api, png);
    await gateway.provisioner.deleteTenant("gone");
    await letTimePass();
    expect(await clearAll()).toEqual([]);
    const left = await filesLeft();
    expect(left.filter((path) => path.includes("/gone/"))).toEqual([]);
    expect(left.filter((path) => path.includes(kept))).toHaveLength(1);
    expect(await sql("select * from sendsar.file_removals")).toEqual([]);
  });
});

describe("a store that does not do what it should", () => {
  test("34 what could not be removed is tried again, and does not keep others back", async () => {
    const ids = await Promise.all([uploadFile(gateway.a.api, png), uploadFile(gateway.b.api, png)]);
    await gateway.a.api.call("DELETE", `/chat/uploads/${ids[0]}`);
    await gateway.b.api.call("DELETE", `/chat/uploads/${ids[1]}`);
    await letTimePass();
    const failing: FileStore = {
      ...store,
      remove: async (key) => {
        if (key.includes(ids[0])) throw new FileStoreError("unable to remove a file; EROFS");
        await store.remove(key);
      },
    };
    const errors = await clearAll(failing);
    expect(errors.map(String)).toContain("FileStoreError: unable to remove a file; EROFS");
    const waiting = await sql<{ tenant_id: string; is_due: boolean }>(
      "select tenant_id, due_at <= now() as is_due from sendsar.file_removals",
    );
    expect(waiting).toEqual([
      { tenant_id: "a", is_due: false },
      { tenant_id: "a", is_due: false },
    ]);
    await letTimePass();
    expect(await clearAll()).toEqual([]);
    expect(await filesLeft()).toEqual([]);
  });
});

describe("several gateways", () => {
  test("share the work: each object is removed once", async () => {
    await sql(
      `insert into sendsar.file_removals
       select 'a', 'a/uploads/2026/11/' || n, now() - interval '1 second' from generate_series(1, 100) n`,
    );
    const removed: string[] = [];
    const counting: FileStore = { ...store, remove: async (key) => void removed.push(key) };
    const round = () =>
      clearFiles({ db, store: counting, onError: (error) => void removed.push(String(error)), isStopped: () => false });
    await Promise.all([round(), round(), round()]);
    expect(removed).toHaveLength(100);
    expect(new Set(removed).size).toBe(100);
    expect(await sql("select * from sendsar.file_removals")).toEqual([]);
  });
});

describe("rounds", () => {
  test("come twice a minute, not all at the same time, and soon while there is more", async () => {
    const timers = createTestTimers();
    const errors: unknown[] = [];
    const removed: string[] = [];
    const counting: FileStore = { ...store, remove: async (key) => void removed.push(key) };
    const janitor = startFileJanitor({ db, store: counting, timers, onError: (error) => errors.push(error) });
    const wait = (): number => timers.running[0] ?? 0;
    expect(wait()).toBeGreaterThanOrEqual(15_000);
    expect(wait()).toBeLessThanOrEqual(45_000);
    await sql(
      `insert into sendsar.file_removals
       select 'a', 'a/uploads/2026/11/' || n, now() - interval '1 second' from generate_series(1, 250) n`,
    );
    timers.advance(45_000);
    await vi.waitFor(() => expect(timers.running).toHaveLength(1));
    expect(removed).toHaveLength(200);
    expect(wait()).toBeLessThanOrEqual(1500);
    timers.advance(1500);
    await vi.waitFor(() => expect(timers.running).toHaveLength(1));
    expect(removed).toHaveLength(250);
    expect(wait()).toBeGreaterThanOrEqual(15_000);
    await janitor.stop();
    expect([timers.running, errors]).toEqual([[], []]);
  });
});
