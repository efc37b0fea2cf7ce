import { once } from "node:events";
import { connect } from "node:net";
import type { V1Container, V1Probe } from "@kubernetes/client-node";
import { sleep } from "../../faults/load/load.ts";

/** Asks once. False for a refusal, for no answer in time, and for an answer of 400 and more. */
export const askProbe = async (probe: V1Probe, host: string, { ports }: V1Container): Promise<boolean> => {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const { httpGet, tcpSocket } = probe;
  const port = (wanted: number | string): number =>
    typeof wanted === "number" ? wanted : (ports?.find(({ name }) => name === wanted)?.containerPort ?? 0);
  try {
    if (httpGet) {
      const url = `http://${host}:${port(httpGet.port as number | string)}${httpGet.path ?? "/"}`;
      const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: "manual" });
      await response.body?.cancel();
      return response.status >= 200 && response.status < 400;
    }
    if (!tcpSocket) throw new Error("unable to probe; only httpGet and tcpSocket are known here");
    const socket = connect({ host, port: port(tcpSocket.port as number | string) });
    await once(socket, "connect", { signal: AbortSignal.timeout(timeoutMs) }).finally(() => socket.destroy());
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("unable to probe")) throw error;
    return false;
  }
};

export interface ProbeWatch {
  readonly probe: V1Probe;
  /** What is taken to be so before the first answer counts. */
  readonly initially: boolean;
  readonly ask: () => Promise<boolean>;
  /** Called with every change after enough answers of a kind in a row. */
  readonly changed: (isGood: boolean) => void;
  readonly signal: AbortSignal;
}

/** Asks at the probe's period until the signal. Source: kubelet/prober/worker.go, and its defaults. */
export const watchProbe = async ({ probe, initially, ask, changed, signal }: ProbeWatch): Promise<void> => {
  const { periodSeconds = 10, failureThreshold = 3, successThreshold = 1, initialDelaySeconds = 0 } = probe;
  let state = initially;
  let run = 0;
  let last: boolean | undefined;
  await sleep(initialDelaySeconds * 1000, signal);
  while (!signal.aborted) {
    const answer = await ask();
    if (signal.aborted) return;
    run = answer === last ? run + 1 : 1;
    last = answer;
    if (answer !== state && run >= (answer ? successThreshold : failureThreshold)) {
      state = answer;
      changed(state);
    } else if (!answer && !state && !initially && run === failureThreshold) {
      // It was never good: a startup probe has given up.
      changed(false);
    }
    await sleep(periodSeconds * 1000, signal);
  }
};
