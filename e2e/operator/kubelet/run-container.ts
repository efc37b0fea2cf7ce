import type { V1Container, V1Probe } from "@kubernetes/client-node";
import { sleep } from "../../faults/load/load.ts";
import type { ContainerEnd, ContainerProcess, ContainerProgram } from "./container-process.ts";
import { startContainer } from "./container-process.ts";
import { askProbe, watchProbe } from "./probe.ts";

export interface ContainerRun {
  readonly container: V1Container;
  readonly program: ContainerProgram;
  /** Where its probes ask. */
  readonly host: string;
  /** Ends it in order: preStop, SIGTERM, and SIGKILL at `graceUntil()` (of `performance.now()`). */
  readonly stop: AbortSignal;
  readonly graceUntil: () => number;
  /** Ends it at once. */
  readonly kill: AbortSignal;
  readonly running: (process: ContainerProcess) => void;
  readonly started: () => void;
  readonly ready: (isReady: boolean) => void;
}

const failedGraceSeconds = 30;

/** Runs a container's process once, with its probes, and answers how it ended. */
export const runContainer = async (run: ContainerRun): Promise<ContainerEnd> => {
  const { container, program, stop, kill } = run;
  const process = await startContainer(program);
  run.running(process);
  const ended = new AbortController();
  startProbes(run, ended.signal, () => {
    const seconds = container.livenessProbe?.terminationGracePeriodSeconds ?? failedGraceSeconds;
    if (!stop.aborted) void process.stop(seconds * 1000);
  });
  const onStop = (): void => void stopInOrder(process, run);
  const onKill = (): void => void process.stop(0);
  if (stop.aborted) onStop();
  stop.addEventListener("abort", onStop);
  kill.addEventListener("abort", onKill);
  const end = await process.ended;
  ended.abort();
  stop.removeEventListener("abort", onStop);
  kill.removeEventListener("abort", onKill);
  return end;
};

/** The startup probe first; the others begin when it has said yes. A probe that is not there says yes. */
const startProbes = (
  { container, host, started, ready }: ContainerRun,
  signal: AbortSignal,
  failed: () => void,
): void => {
  const watch = (probe: V1Probe | undefined, initially: boolean, changed: (isGood: boolean) => void): void => {
    if (!probe) changed(true);
    else void watchProbe({ probe, initially, ask: () => askProbe(probe, host, container), changed, signal });
  };
  let isStarted = false;
  watch(container.startupProbe, false, (isGood) => {
    if (isStarted) return;
    if (!isGood) return failed();
    isStarted = true;
    started();
    watch(container.readinessProbe, false, ready);
    watch(container.livenessProbe, true, (isAlive) => !isAlive && failed());
  });
};

/** preStop, SIGTERM, and what is left of the grace. Source: kubelet/kuberuntime/kuberuntime_container.go killContainer. */
const stopInOrder = async (process: ContainerProcess, { container, graceUntil, kill }: ContainerRun): Promise<void> => {
  const leftMs = (): number => Math.max(0, graceUntil() - performance.now());
  const seconds = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
  await sleep(Math.min(seconds * 1000, leftMs()), kill);
  await process.stop(leftMs());
};
