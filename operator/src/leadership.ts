import type { OperatorConfig } from "./config.ts";
import type { Fence } from "./database/tenant-registry.ts";
import type { Clock } from "./kube/clock.ts";
import type { LeadershipMetrics } from "./kube/engine-metrics.ts";
import type { KubeClient } from "./kube/kube-client.ts";
import { createLeaderElector } from "./kube/leader-elector.ts";

/** Whether this process may work. */
export interface Leadership extends AsyncDisposable {
  /** Stands for election; resolves when this process leads. */
  won(): Promise<void>;
  /** What the database is written under. Throws when this process does not lead at this moment. */
  fence(): Fence;
  readonly leads: boolean;
}

export interface LeadershipOptions {
  readonly election: OperatorConfig["leaderElection"];
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Unique to this life of this process. */
  readonly identity: string;
  readonly metrics: LeadershipMetrics;
  /** The highest number that the database was written under. Ends within seconds, whatever becomes of the database. */
  readonly highestFence: () => Promise<number>;
  /** Another leads, or may: this process must end at once. */
  readonly onLost: () => void;
  readonly onError: (error: unknown) => void;
}

/** Disposing it gives the Lease back: only when nothing of the work runs any more. */
export const createLeadership = (options: LeadershipOptions): Leadership => {
  const { election, client, clock, identity, metrics, onLost, onError } = options;
  if (!election.enabled) return alone(options);
  const { namespace, name } = election;
  let fenceFloor = 0;
  const elected = Promise.withResolvers<void>();
  const stop = new AbortController();
  const elector = createLeaderElector({
    client,
    clock,
    lease: { namespace, name },
    identity,
    fenceFloor: () => fenceFloor,
    metrics,
    onElected: () => elected.resolve(),
    onLost,
    onError,
  });
  const stand = async (): Promise<void> => {
    fenceFloor = await findFloor(options);
    await elector.run(stop.signal);
  };
  let running: Promise<void> | undefined;
  return {
    won() {
      running ??= stand();
      return elected.promise;
    },
    fence: () => ({ fence: elector.fence() }),
    get leads() {
      return elector.isLeader();
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
};

/** Without an election: later starts have greater numbers, on the scale of those that leaders have (`leader-elector.ts`). */
const alone = (options: LeadershipOptions): Leadership => {
  let fence = Math.floor(options.clock.date().getTime() / 1000) * 2 ** 20;
  return {
    async won() {
      fence = Math.max(fence, (await findFloor(options)) + 1);
    },
    fence: () => ({ fence }),
    leads: true,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};

/**
 * Who wrote last may have done so without this Lease (no election, another cluster), and under a greater number than it makes. It
 * is enough to look once, at the start: with one that is too low the database refuses this process, which ends, and the next one
 * looks again. 0 while the database does not answer.
 */
const findFloor = async ({ highestFence, onError }: LeadershipOptions): Promise<number> => {
  try {
    return await highestFence();
  } catch (error) {
    onError(error);
    return 0;
  }
};
