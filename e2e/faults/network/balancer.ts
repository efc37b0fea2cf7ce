import type { Link, LinkMode } from "./link.ts";
import type { Proxy, Target } from "./proxy.ts";
import { startProxy } from "./proxy.ts";

/** What clients connect to: each new connection goes to the next pod that is ready, as a Kubernetes Service does it. */
export interface Balancer extends AsyncDisposable {
  readonly origin: string;
  /** Links of clients; `target` is the name of the pod. */
  readonly links: ReadonlySet<Link>;
  readonly setMode: (mode: LinkMode, fits?: (link: Link) => boolean) => void;
  isReady(pod: string): boolean;
  /** Every change of readiness that was seen, in order of time. */
  readonly seen: readonly { readonly at: number; readonly pod: string; readonly ready: boolean }[];
}

const probeMs = 250;
const probeMsMax = 1000;

/** Starts it; readiness is probed four times a second at `/readyz`. */
export const startBalancer = async (pods: readonly Target[], random: () => number): Promise<Balancer> => {
  const ready = new Map<string, boolean>();
  const seen: { at: number; pod: string; ready: boolean }[] = [];
  const closing = new AbortController();
  let turn = 0;

  const proxy: Proxy = await startProxy({
    random,
    targets() {
      const up = pods.filter(({ name }) => ready.get(name));
      const first = turn++ % Math.max(1, up.length);
      return [...up.slice(first), ...up.slice(0, first)];
    },
  });

  const watch = async ({ name, port }: Target): Promise<void> => {
    while (!closing.signal.aborted) {
      const isReady = await probe(port);
      if (isReady !== (ready.get(name) ?? false)) seen.push({ at: performance.now(), pod: name, ready: isReady });
      ready.set(name, isReady);
      await pause(probeMs, closing.signal);
    }
  };
  const watching = Promise.all(pods.map(watch));

  return {
    origin: `http://127.0.0.1:${proxy.port}`,
    links: proxy.links,
    setMode: (mode, fits) => proxy.setMode(mode, fits),
    isReady: (pod) => ready.get(pod) ?? false,
    seen,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await watching;
      await proxy[Symbol.asyncDispose]();
    },
  };
};

const probe = async (port: number): Promise<boolean> => {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(probeMsMax) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Whoever does not answer is not ready.
    return false;
  }
};

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
