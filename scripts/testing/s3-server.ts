import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { FilesConfig } from "../../gateway/src/files/files.ts";
import type { S3Request } from "../../gateway/src/files/s3-requests.ts";
import { createS3Requests } from "../../gateway/src/files/s3-requests.ts";
import { freePort } from "../process/ports.ts";
import { waitUntil } from "../process/wait.ts";

/** A store that speaks S3, of one test's own, with an empty bucket. Disposing ends it and removes what it has. */
export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  /** For a gateway; links lead to `publicUrl`. */
  configFor(publicUrl: string): FilesConfig;
  /** All objects that it has. */
  keys(): Promise<string[]>;
  /** Rules for pages of other origins (XML), in place of those that it starts with, which let in any. */
  setCors(rules: string): Promise<void>;
  /** Ends it without a word, and starts it again with what it had. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/**
 * A real implementation that checks signatures, written in Go and built from its module at a fixed version. Versity's is
 * one file that keeps objects in a folder.
 */
const version = "v1.8.0";
const credentials = { accessKeyId: "sendsar-test", secretAccessKey: "sendsar-test-secret" };
const bucket = "files";

/** Starts one on 127.0.0.1. */
export const startS3Server = async (program: string): Promise<S3Server> => {
  const dir = await mkdtemp(join(tmpdir(), "sendsar-s3-"));
  await Promise.all(["data", "meta"].map((name) => mkdir(join(dir, name))));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let child = await start(program, port, dir);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  const store = { bucket, region: "us-east-1", endpoint, credentials, forcePathStyle: true };
  const requests = createS3Requests(store);
  const call = async (request: S3Request): Promise<string> => {
    const response = await requests.send(request, AbortSignal.timeout(5000));
    const text = await response.text();
    if (!response.ok) throw new Error(`unable to call a store of S3; ${response.status} ${text}`);
    return text;
  };
  await call({ method: "PUT" });
  return {
    endpoint,
    configFor: (publicUrl) => ({ kind: "s3", publicUrl, ...store }),
    async keys() {
      const list = await call({ method: "GET", query: { "list-type": "2" } });
      return [...list.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = ""]) => key);
    },
    async setCors(rules) {
      const digest = createHash("md5").update(rules).digest("base64");
      const headers = { "content-md5": digest, "content-type": "application/xml" };
      const url = await requests.presign({ method: "PUT", query: { cors: "" }, headers }, 60);
      const response = await fetch(url, { method: "PUT", headers, body: rules });
      if (!response.ok) throw new Error(`unable to set CORS; ${response.status} ${await response.text()}`);
    },
    kill,
    async restart() {
      await kill();
      child = await start(program, port, dir);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

const start = async (program: string, port: number, dir: string): Promise<ChildProcess> => {
  const address = `127.0.0.1:${port}`;
  const { accessKeyId, secretAccessKey } = credentials;
  // Metadata beside the data: not every file system of a test has extended attributes.
  const args = ["--port", address, "--cors-allow-origin", "*", "--keep-alive", "posix", "--sidecar", join(dir, "meta")];
  const env = { ...process.env, ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey };
  const child = spawn(program, [...args, join(dir, "data")], { env, stdio: "ignore" });
  const isUp = await waitUntil(
    async () => {
      if (child.exitCode !== null) throw new Error(`unable to start a store of S3; it ended with ${child.exitCode}`);
      return await fetch(`http://${address}/`).then(
        () => true,
        () => false,
      );
    },
    { limitMs: 10_000, everyMs: 20 },
  );
  if (!isUp) throw new Error("unable to start a store of S3; it does not answer");
  return child;
};

const cacheDir = fileURLToPath(new URL("../../node_modules/.cache", import.meta.url));
const buildMsMax = 540_000;

/**
 * Finds the program of the store, built once per version, which takes some minutes. Answers a problem where there is no Go
 * or no module. Safe to be called by several processes at a time.
 */
export const findS3Program = async (): Promise<{ readonly path: string } | { readonly problem: string }> => {
  const path = join(cacheDir, `versitygw-${version}`, "versitygw");
  if (await isThere(path)) return { path };
  await mkdir(cacheDir, { recursive: true });
  const unfinishedDir = await mkdtemp(`${dirname(path)}-`);
  try {
    const env = { ...process.env, GOBIN: unfinishedDir, GOFLAGS: "-mod=mod" };
    const module = `github.com/versity/versitygw/cmd/versitygw@${version}`;
    await promisify(execFile)("go", ["install", module], { env, timeout: buildMsMax });
    await rename(unfinishedDir, dirname(path));
    return { path };
  } catch (error) {
    await rm(unfinishedDir, { recursive: true, force: true });
    // Another process may have been faster; its result is the same.
    if (await isThere(path)) return { path };
    const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
    const reason = code === "ENOENT" ? "there is no Go" : `go install failed: ${stderr.trim().split("\n").at(-1)}`;
    return { problem: `unable to build a store of S3 (${version} of versitygw); ${reason}` };
  }
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
