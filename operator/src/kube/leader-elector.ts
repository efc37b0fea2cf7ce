import type { Clock } from "./clock.ts";
import type { LeadershipMetrics } from "./engine-metrics.ts";
import type { KubeClient } from "./kube-client.ts";
import { KubeError } from "./kube-error.ts";
import type { ObjectRef } from "./kube-object.ts";
import type { Lease } from "./lease.ts";
import { leases, toFence, toHeldSpec, toNewMeta, toReleasedSpec, toTakenMeta } from "./lease.ts";
import { createLeaseObservation } from "./lease-observation.ts";
import { leaveAfter } from "./time-limit.ts";

/** Whoever writes has to lead; this one does not, or not for sure. */
export class NotLeader extends Error {
  override readonly name = "NotLeader";
}

/**
 * One leader among the processes that name the same Lease (client-go, `tools/leaderelection/leaderelection.go`).
 *
 * Guarantees: times of other processes are never compared with ours; a Lease has expired when it has not changed for its
 * duration by the LOCAL clock. A leader that could not renew for `renewDeadlineMs`, counted from the SENDING of its last
 * successful renewal, has lost at that moment, also when its event loop was blocked meanwhile: `isLeader` looks at the
 * clock each time. Others take over `leaseDurationMs` after that sending at the earliest. A Lease does not keep a leader
 * that was stopped (a paused process, a long request) from writing late: what must not happen twice carries `fence`.
 */
export interface LeaderElector {
  /**
   * Stands for election until elected, renews until the signal is aborted, and then gives the Lease back so that another
   * leads at once: abort only when nothing of the work runs any more. Resolves then, and also when the leadership was
   * lost; there is no second try, for a process that has lost ends. Called once.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Does this process lead at this very moment? To be asked before each write. */
  isLeader(): boolean;
  /**
   * The number of this leadership: every one, of whatever process, has a greater number than those before it, also after
   * the Lease was deleted. Throws `NotLeader`.
   */
  fence(): number;
  /** The holder of the Lease as it was last seen; empty when nobody holds it. */
  readonly holder: string;
}

export interface LeaderElectorOptions {
  readonly client: Pick<KubeClient, "get" | "create" | "replace">;
  readonly clock: Clock;
  readonly lease: ObjectRef;
  /** Unique to this life of this process: `<pod>_<uuid>`. With that, a Lease in this name was written by nobody else. */
  readonly identity: string;
  /** The number of this leadership is greater than this one, too: what others have written under without this Lease. */
  readonly fenceFloor?: () => number;
  /** Called once, at the moment of the election. Must not throw. */
  readonly onElected: () => void;
  /** Called once, at the moment of the loss, while `run` may still wait for an answer: the process ends at once. */
  readonly onLost: () => void;
  /** Every failed try of getting or renewing the Lease. Must not throw. */
  readonly onError?: (error: unknown) => void;
  readonly metrics?: LeadershipMetrics;
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
}

interface Term {
  /** When the last successful renewal was sent, by the local clock. */
  renewedAt: number;
  fence: number;
}

export const createLeaderElector = (options: LeaderElectorOptions): LeaderElector => {
  const { client, clock, lease: ref, identity, onElected, onLost, onError, metrics } = options;
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000, fenceFloor = () => 0 } = options;
  /** Two tries fit under the deadline, each with the wait after it. */
  const tryMsMax = renewDeadlineMs / 2 - retryMs / 2;
  const observed = createLeaseObservation(clock, leaseDurationMs);
  let term: Term | undefined;
  /** Lost, or given back. */
  const over = new AbortController();

  const isLeader = (): boolean =>
    term !== undefined && !over.signal.aborted && clock.now() - term.renewedAt < renewDeadlineMs;

  const endTerm = (): void => {
    over.abort();
    metrics?.leading(ref.name, false);
  };
  const lose = (): void => {
    if (over.signal.aborted) return;
    endTerm();
    onLost();
  };
  const hold = (lease: Lease, sentAt: number): void => {
    observed.see(lease);
    if (over.signal.aborted || clock.now() - sentAt >= renewDeadlineMs) return;
    if (term) {
      // An answer that comes when the deadline has passed is too late, even if the timer was not served yet.
      if (isLeader()) Object.assign(term, { renewedAt: sentAt, fence: toFence(lease, clock.date()) });
      return;
    }
    term = { renewedAt: sentAt, fence: toFence(lease, clock.date()) };
    metrics?.leading(ref.name, true);
    onElected();
  };

  /** Takes or renews the Lease, if it is free, expired or ours. */
  const tryToHold = async (): Promise<void> => {
    const found = await client.get(leases, ref);
    if (found) observed.see(found);
    const isOurs = found?.spec?.holderIdentity === identity;
    if (over.signal.aborted) return;
    // Somebody else has it; or the deadline has passed and its timer was not served yet: a late renewal would only keep
    // others from leading.
    if (term && ((found && !isOurs) || !isLeader())) {
      lose();
      return;
    }
    if (found && !isOurs && observed.expiresInMs() > 0) return;
    const sentAt = clock.now();
    const spec = toHeldSpec(found?.spec, { identity, durationMs: leaseDurationMs, date: clock.date() });
    const { apiVersion, kind } = leases;
    const metadata = found && !isOurs ? toTakenMeta(found, spec, fenceFloor(), clock.date()) : found?.metadata;
    hold(
      found && metadata
        ? await client.replace(leases, { ...found, metadata, spec })
        : await client.create(leases, { apiVersion, kind, metadata: toNewMeta(ref, fenceFloor()), spec }),
      sentAt,
    );
  };
  /** One try; what does not answer in time is left behind, for a leader must have another try before its deadline. */
  const attempt = async (signal: AbortSignal): Promise<void> => {
    try {
      await leaveAfter(clock, tryMsMax, signal, tryToHold());
    } catch (error) {
      // A conflict is another one's success, which the next try finds.
      if (!signal.aborted && !(error instanceof KubeError && error.status === 409)) onError?.(error);
    }
  };
  const standForElection = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      await attempt(signal);
      if (term || over.signal.aborted) return;
      // Half of the leader's period, so that its last renewal is not seen late; and the moment of expiry itself.
      const pollMs = retryMs * (0.5 + 0.1 * clock.random());
      const expiryMs = Math.max(observed.expiresInMs(), 0) + 0.05 * retryMs * (1 + clock.random());
      await clock.sleep(Math.min(pollMs, expiryMs), signal);
    }
  };
  const renew = async (signal: AbortSignal): Promise<void> => {
    while (!over.signal.aborted) {
      await clock.sleep(retryMs, signal);
      await attempt(signal);
    }
  };
  /** Sees the deadline at its very moment, whatever request is under way. */
  const watchDeadline = async (signal: AbortSignal): Promise<void> => {
    while (term && isLeader()) await clock.sleep(term.renewedAt + renewDeadlineMs - clock.now(), signal);
    lose();
  };
  /** So that another leads at once (client-go, `release`). A renewal that is still on its way makes the first try fail. */
  const giveBack = async (): Promise<void> => {
    const found = await client.get(leases, ref);
    if (found?.spec?.holderIdentity !== identity) return;
    await client.replace(leases, { ...found, spec: toReleasedSpec(found.spec, clock.date()) });
  };
  const release = async (): Promise<void> => {
    const leads = isLeader();
    if (!over.signal.aborted) endTerm();
    if (!leads) return;
    for (let tries = 1; ; tries++)
      try {
        await leaveAfter(clock, tryMsMax, undefined, giveBack());
        return;
      } catch (error) {
        // Whoever waits takes it when it expires.
        if (tries === 2) return onError?.(error);
      }
  };

  return {
    async run(signal) {
      metrics?.leading(ref.name, false);
      const ends = AbortSignal.any([signal, over.signal]);
      try {
        await standForElection(ends);
        await Promise.all([renew(ends), watchDeadline(ends)]);
      } catch (error) {
        // Both of these end a sleep; nothing else throws here.
        if (!ends.aborted) throw error;
      }
      await release();
    },
    isLeader,
    fence() {
      if (!term || !isLeader()) throw new NotLeader("unable to write; this process does not lead");
      return term.fence;
    },
    get holder() {
      return observed.holder;
    },
  };
};
