import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1ConfigMap } from "@kubernetes/client-node";
import { afterEach, expect, test, vi } from "vitest";
import { commandOf } from "../../../process/processes.ts";
import { waitUntil } from "../../../process/wait.ts";
import { findBinaries } from "../binaries.ts";
import { ensureBinaries } from "../build-binaries.ts";
import { describeWithKube } from "../describe-kube.ts";
import type { Kube } from "../start-kube.ts";
import { startKube } from "../start-kube.ts";
import { toolNames } from "../tool-build.ts";

const path = "/api/v1/namespaces/default/configmaps";

describeWithKube("a server of a test's own", () => {
  test("keeps its data when its API server is killed; a watch from before a compaction answers 410", async () => {
    await using kube = await startKube({ controllers: false, fakeNodes: 0 });
    const before = await kube.api.post<V1ConfigMap>(path, { metadata: { name: "before" } });
    for (const name of ["after-1", "after-2"]) await kube.api.post(path, { metadata: { name } });
    await kube.killApiServer();
    expect(await kube.api.get(path).catch((error: unknown) => error)).toBeInstanceOf(Error);
    await kube.compact();
    await kube.startApiServer();
    expect((await kube.api.get<V1ConfigMap>(`${path}/before`)).metadata?.uid).toBe(before.metadata?.uid);
    expect(await firstEvent(kube, before.metadata?.resourceVersion)).toMatchObject({
      type: "ERROR",
      object: { code: 410 },
    });
  }, 90_000);

  test("leaves no process and no file behind, also when the test is killed", async () => {
    const started = new URL("start-fixture.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [started], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const dir = line.toString().trim();
    expect((await processesIn(dir)).length).toBeGreaterThanOrEqual(2);
    child.kill("SIGKILL");
    expect(await waitUntil(async () => (await processesIn(dir)).length === 0, { limitMs: 10_000 })).toBe(true);
    const gone = async (): Promise<boolean> => (await readdir(dir).catch(() => [])).length === 0;
    expect(await waitUntil(gone, { limitMs: 10_000 })).toBe(true);
  }, 90_000);
});

test("programs: KUBEBUILDER_ASSETS wins over the cache, and what is nowhere is a problem with a name", async () => {
  const dir = await mkdtemp(join(tmpdir(), "sendsar-assets-"));
  cleanUp.push(() => rm(dir, { recursive: true }));
  vi.stubEnv("XDG_CACHE_HOME", join(dir, "cache"));
  vi.stubEnv("KUBEBUILDER_ASSETS", join(dir, "assets"));
  expect(await findBinaries()).toEqual({ problem: expect.stringContaining("etcd is not built") });
  await mkdir(join(dir, "assets"));
  for (const name of toolNames) await writeFile(join(dir, "assets", name), "");
  const expected = Object.fromEntries(toolNames.map((name) => [name, join(dir, "assets", name)]));
  expect(await findBinaries()).toEqual({ paths: expected });
});

test("programs: without Go and without programs, the reason says so", async () => {
  vi.stubEnv("XDG_CACHE_HOME", "/nowhere");
  vi.stubEnv("KUBEBUILDER_ASSETS", "");
  vi.stubEnv("PATH", "/nowhere");
  const found = await ensureBinaries({ say: () => undefined, signal: new AbortController().signal });
  expect(found).toEqual({ problem: "there is neither Go to build Kubernetes with nor a KUBEBUILDER_ASSETS" });
});

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const step of cleanUp.splice(0)) await step();
});

const firstEvent = async ({ api }: Kube, resourceVersion: string | undefined): Promise<unknown> => {
  const stop = new AbortController();
  for await (const event of api.watch(`${path}?resourceVersion=${resourceVersion}`, stop.signal)) return event;
  return undefined;
};

/** Ids of the processes that have the folder in their command line. */
const processesIn = async (dir: string): Promise<readonly string[]> => {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(ids.map((id) => commandOf(Number(id))));
  return ids.filter((_, index) => commands[index]?.includes(dir) === true);
};
