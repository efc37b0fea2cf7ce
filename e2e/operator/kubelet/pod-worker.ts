import { join } from "node:path";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { waitUntil } from "../../../scripts/process/wait.ts";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";
import { sleep } from "../../faults/load/load.ts";
import type { ContainerProcess } from "./container-process.ts";
import { MissingReference, resolveEnvironment } from "./environment.ts";
import { toLoopback } from "./pod-addresses.ts";
import type { PodState } from "./pod-status.ts";
import { runContainer } from "./run-container.ts";
import { createStatusWriter } from "./status-writer.ts";

export interface PodWorkerDeps {
  readonly api: KubeApi;
  readonly podIp: string;
  /** Logs of containers go here, one file for each pod. */
  readonly logsDir: string;
  /** The file that an image runs; undefined for an image that cannot be had. */
  readonly scriptOf: (image: string) => string | undefined;
}

/** Runs one pod until it is deleted, as a kubelet does. */
export interface PodWorker {
  readonly podIp: string;
  /** Undefined while no process runs. */
  readonly pid: number | undefined;
  /** The pod has been deleted: ends it in order. May be called again. */
  terminate(deleted: V1Pod): void;
  /** It is gone from the API, or we end: kills it. */
  kill(): void;
  /** When nothing runs any more. Never rejects. */
  readonly ended: Promise<void>;
}

const retryMs = 500;
// A real kubelet begins with 10 s and ends with 5 min.
const backOffMsMin = 1000;
const backOffMsMax = 10_000;

/** Starts it. One container; no init containers, no volumes: a process on this machine has /tmp. */
export const startPodWorker = (deps: PodWorkerDeps, pod: V1Pod): PodWorker => {
  const { podIp } = deps;
  const container = requireContainer(pod);
  const stopping = new AbortController();
  const killing = new AbortController();
  let graceUntil = 0;
  let running: ContainerProcess | undefined;
  const status = trackStatus(deps, pod);

  const runOnce = async (program: Prepared): Promise<void> => {
    const startedAt = now();
    const end = await runContainer({
      container,
      program: { ...program, logFile: join(deps.logsDir, `${pod.metadata?.name}.log`) },
      host: toLoopback(podIp),
      stop: stopping.signal,
      graceUntil: () => graceUntil,
      kill: killing.signal,
      running(process) {
        running = process;
        status.set({ phase: { kind: "running", startedAt } });
      },
      started: () => status.set({ isStarted: true }),
      ready: (isReady) => status.set({ isReady }),
    });
    running = undefined;
    const phase = { kind: "terminated", end, startedAt, finishedAt: now() } as const;
    status.set({ phase, last: phase, isReady: false, isStarted: false, isOver: stopping.signal.aborted });
  };

  const run = async (): Promise<void> => {
    for (let backOffMs = backOffMsMin; !stopping.signal.aborted; backOffMs = Math.min(backOffMs * 2, backOffMsMax)) {
      const program = await prepare(deps, pod, container, status, stopping.signal);
      if (!program) break;
      await runOnce(program);
      if (stopping.signal.aborted) break;
      status.restarted();
      await sleep(backOffMs, stopping.signal);
    }
    await status.settled();
    if (!killing.signal.aborted) await removePod(deps.api, pod);
  };

  return {
    podIp,
    get pid() {
      return running?.pid;
    },
    terminate({ metadata, spec }) {
      const graceSeconds = metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 30;
      graceUntil = performance.now() + graceSeconds * 1000;
      stopping.abort();
    },
    kill() {
      graceUntil = 0;
      killing.abort();
      stopping.abort();
    },
    ended: run().catch((error: unknown) => console.error(`kubelet: pod ${pod.metadata?.name}`, error)),
  };
};

interface TrackedStatus {
  set(change: Partial<PodState>): void;
  /** Its process has ended and is to be started again after a while. */
  restarted(): void;
  settled(): Promise<void>;
}

const trackStatus = ({ api, podIp }: PodWorkerDeps, pod: V1Pod): TrackedStatus => {
  const writer = createStatusWriter(api, pod);
  let state: PodState = {
    podIp,
    startTime: now(),
    phase: { kind: "waiting", reason: "ContainerCreating" },
    isStarted: false,
    isReady: false,
    restarts: 0,
    isOver: false,
    readySince: now(),
  };
  const set = (change: Partial<PodState>): void => {
    const turned = change.isReady !== undefined && change.isReady !== state.isReady;
    state = { ...state, ...change, ...(turned ? { readySince: now() } : {}) };
    writer.write(state);
  };
  set({});
  return {
    set,
    restarted: () => set({ restarts: state.restarts + 1, phase: { kind: "waiting", reason: "CrashLoopBackOff" } }),
    settled: writer.settled,
  };
};

interface Prepared {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Waits for image and environment. Undefined when told to stop first. */
const prepare = async (
  { api, podIp, scriptOf }: PodWorkerDeps,
  pod: V1Pod,
  container: V1Container,
  status: TrackedStatus,
  stop: AbortSignal,
): Promise<Prepared | undefined> => {
  for (; !stop.aborted; await sleep(retryMs, stop)) {
    const script = scriptOf(container.image ?? "");
    if (script === undefined) {
      const message = `Back-off pulling image "${container.image}"`;
      status.set({ phase: { kind: "waiting", reason: "ImagePullBackOff", message } });
      continue;
    }
    try {
      const env = await resolveEnvironment(api, pod, podIp, container);
      // What a network namespace does: it listens on the pod's address and on no other.
      return { script, env: { ...env, HOST: toLoopback(podIp) } };
    } catch (error) {
      if (!(error instanceof MissingReference)) throw error;
      status.set({ phase: { kind: "waiting", reason: "CreateContainerConfigError", message: error.message } });
    }
  }
  return undefined;
};

const removePod = async (api: KubeApi, { metadata }: V1Pod): Promise<void> => {
  const path = `/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}`;
  await api.delete(path, { gracePeriodSeconds: 0, preconditions: { uid: metadata?.uid } });
  await waitUntil(async () => (await api.find<V1Pod>(path))?.metadata?.uid !== metadata?.uid, { limitMs: 10_000 });
};

const requireContainer = ({ spec, metadata }: V1Pod): V1Container => {
  const [container, ...others] = spec?.containers ?? [];
  if (!container || others.length > 0 || spec?.initContainers?.length) {
    throw new Error(`unable to run pod ${metadata?.name}; this kubelet runs pods of one container`);
  }
  return container;
};

const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");
