import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Child } from "../../process/child.ts";
import { startChild } from "../../process/child.ts";
import { guardProcess } from "../../process/guard.ts";
import { freePort, portProblem } from "../../process/ports.ts";
import { Sentence } from "../../process/sentence.ts";
import { lastLines } from "../../process/text-tail.ts";
import { waitUntil } from "../../process/wait.ts";
import type { Binaries } from "./binaries.ts";
import { findBinaries } from "./binaries.ts";
import { writeClusterFiles } from "./cluster-files.ts";
import type { Layout } from "./control-plane.ts";
import { argsOf, layoutFile } from "./control-plane.ts";
import { compactEtcd } from "./etcd.ts";
import { addFakeNodes } from "./fake-nodes.ts";
import type { KubeApi } from "./kube-api.ts";
import { openKubeApi } from "./kube-api.ts";
import type { ToolName } from "./tool-build.ts";

export interface KubeOptions {
  /** With controller-manager and scheduler: Deployments make pods, owners' objects are collected. Default true. */
  readonly controllers?: boolean;
  /** How many nodes kwok plays, on which every pod is ready at once. Default 2; 0 starts no kwok. */
  readonly fakeNodes?: number;
}

/** Where a cluster is; travels between processes as JSON. */
export interface KubeAddress {
  /** `https://127.0.0.1:6443` */
  readonly url: string;
  /** PEM of the authority that the server's certificate is from. */
  readonly ca: string;
  /** Path of a kubeconfig file of a user who may do everything. */
  readonly adminKubeconfig: string;
  /** The cluster's folder: logs, keys, files that live as long as it. */
  readonly dir: string;
}

/** A running control plane of Kubernetes that only this machine reaches. */
export interface Kube extends KubeAddress, AsyncDisposable {
  /** As the admin. */
  readonly api: KubeApi;
  /** Ends the API server without a word; connections break, and new ones are refused. */
  killApiServer(): Promise<void>;
  /** Starts it again at the same address, with an empty watch cache. */
  startApiServer(): Promise<void>;
  /** Forgets all history: a watch from before answers 410 once the API server has nothing of it in memory. */
  compact(): Promise<void>;
}

const readyMsMax = 60_000;
// Another program can take a port first.
const startAttemptsMax = 3;

/**
 * Starts etcd and kube-apiserver, and what `options` asks for behind it; ready in 2 to 4 s. RBAC is on. Throws a sentence if it
 * cannot. Nothing outlives this process: each program has a guard, and the folder goes with etcd.
 */
export const startKube = async (options: KubeOptions = {}): Promise<Kube> => {
  const { controllers = true, fakeNodes = 2 } = options;
  const binaries = await findBinaries();
  if ("problem" in binaries) throw new Sentence(`unable to start Kubernetes; ${binaries.problem}`);
  await using parts = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sendsar-kube-"));
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  const start = (name: ToolName, layout: Layout): Promise<Program> => startProgram(binaries.paths, name, layout);
  const { layout, ca, apiServer } = await startServer(dir, parts, start);
  let server = apiServer;
  parts.defer(() => server.stop());
  const adminKubeconfig = join(dir, layoutFile.admin);
  const api = parts.use(await openKubeApi(adminKubeconfig));
  await untilReady(api, server);
  if (controllers) {
    const names = ["kube-controller-manager", "kube-scheduler"] as const;
    for (const program of await Promise.all(names.map((name) => start(name, layout))))
      parts.defer(() => program.stop());
  }
  if (fakeNodes > 0) {
    const kwok = await start("kwok", layout);
    parts.defer(() => kwok.stop());
    await addFakeNodes(api, fakeNodes);
  }
  const open = parts.move();
  return {
    url: `https://127.0.0.1:${layout.apiPort}`,
    ca,
    adminKubeconfig,
    dir,
    api,
    killApiServer: () => server.stop(),
    async startApiServer() {
      server = await start("kube-apiserver", layout);
      await untilReady(api, server);
    },
    compact: () => compactEtcd(`http://127.0.0.1:${layout.etcdPort}`),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
};

interface Program {
  readonly child: Child;
  stop(): Promise<void>;
}

const startProgram = async (binaries: Binaries, name: ToolName, layout: Layout): Promise<Program> => {
  const child = await startChild({
    name,
    command: binaries[name],
    args: argsOf(name, layout),
    env: { PATH: process.env["PATH"] ?? "", HOME: layout.dir },
    cwd: layout.dir,
    logFile: join(layout.dir, `${name}.log`),
  });
  const guard = guardProcess(child.pid, { signal: "KILL", ...(name === "etcd" ? { removeAfter: layout.dir } : {}) });
  return {
    child,
    async stop() {
      // Nothing of it is needed any more, so it need not take its time.
      await child.stop([{ signal: "SIGKILL", waitMs: 5000 }]);
      await guard.dismiss();
    },
  };
};

interface Server {
  readonly layout: Layout;
  readonly ca: string;
  readonly apiServer: Program;
}

/** Starts etcd and the API server on free ports; on other ones when somebody else was faster there. */
const startServer = async (
  dir: string,
  parts: AsyncDisposableStack,
  start: (name: ToolName, layout: Layout) => Promise<Program>,
): Promise<Server> => {
  for (let attempt = 1; ; attempt++) {
    const [etcdPort, etcdPeerPort, apiPort] = [await freePort(), await freePort(), await freePort()];
    const layout = { dir, etcdPort, etcdPeerPort, apiPort };
    const ca = await writeClusterFiles(layout);
    const etcd = await start("etcd", layout);
    const apiServer = await start("kube-apiserver", layout);
    const ended = (): boolean => etcd.child.hasEnded() || apiServer.child.hasEnded();
    if (await waitUntil(async () => ended() || (await portProblem(apiPort)) !== undefined, { limitMs: readyMsMax })) {
      if (!ended()) {
        parts.defer(() => etcd.stop());
        return { layout, ca, apiServer };
      }
    }
    await apiServer.stop();
    await etcd.stop();
    if (attempt === startAttemptsMax) throw await startFailure(etcd.child.hasEnded() ? etcd.child : apiServer.child);
  }
};

/** All hooks have run: RBAC's own roles are there, and so are the namespaces. */
const untilReady = async (api: KubeApi, { child }: Program): Promise<void> => {
  const ready = await waitUntil(
    async () =>
      child.hasEnded() ||
      (await api.get("/readyz").then(
        () => true,
        () => false,
      )),
    { limitMs: readyMsMax, everyMs: 50 },
  );
  if (!ready || child.hasEnded()) throw await startFailure(child);
};

const startFailure = async ({ name, logFile, logStart, hasEnded }: Child): Promise<Sentence> => {
  const lines = await lastLines(logFile, 10, logStart);
  const what = hasEnded() ? "ended" : `did not answer within ${readyMsMax / 1000} s`;
  return new Sentence(`unable to start Kubernetes; ${name} ${what}: ${lines.join("\n")}`);
};
