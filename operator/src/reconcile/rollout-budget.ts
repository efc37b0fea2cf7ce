import { isRolling } from "../desired/deployment-state.ts";
import type { Deployment } from "../desired/kinds.ts";
import type { Cache } from "../kube/cache.ts";
import type { ObjectKey } from "../kube/kube-object.ts";
import { toKey } from "../kube/kube-object.ts";

/**
 * Limits how many Tenants' gateways are rolled at once when the change is the operator's (another image, another default):
 * an upgrade then never restarts a whole fleet.
 *
 * Who is being rolled is read off the Deployments, so that the next leader finds the same slots taken. What this process has
 * just written and the watch has not told yet is remembered; without that, workers side by side would each take the last slot.
 * So is who was refused: a status that says so may come later than the slot. The next leader visits all and finds them anew.
 */
export interface RolloutBudget {
  /**
   * Takes a slot for a change of this Deployment's pods; it has one already while it is being rolled. False: all are taken,
   * and it is in line from now on.
   */
  tryStart(key: ObjectKey): boolean;
  /** The change is written: the slot is free once the watch has told of this generation and the rollout is over. */
  started(key: ObjectKey, generation: number): void;
  /** The change was not written. */
  cancel(key: ObjectKey): void;
  /** Those in line whose turn it is: as many as slots are free, in the order in which they came. Each is out of line then. */
  callNext(): readonly Deployment[];
}

export const createRolloutBudget = (slots: number, deployments: Cache<Deployment>): RolloutBudget => {
  const unseen = new Map<ObjectKey, number>();
  const line = new Set<ObjectKey>();
  const findTaken = (): ReadonlySet<ObjectKey> => {
    for (const [key, generation] of unseen) {
      const deployment = deployments.get(key);
      if (!deployment || (deployment.metadata.generation ?? 0) >= generation) unseen.delete(key);
    }
    const rolling = deployments.list().filter(isRolling);
    return new Set([...unseen.keys(), ...rolling.map(({ metadata }) => toKey(withNamespace(metadata)))]);
  };
  return {
    tryStart(key) {
      const taken = findTaken();
      if (!taken.has(key) && taken.size >= slots) {
        line.add(key);
        return false;
      }
      line.delete(key);
      unseen.set(key, (deployments.get(key)?.metadata.generation ?? 0) + 1);
      return true;
    },
    started: (key, generation) => void unseen.set(key, generation),
    cancel: (key) => void unseen.delete(key),
    callNext() {
      if (line.size === 0) return [];
      const called = [...line].slice(0, Math.max(0, slots - findTaken().size));
      for (const key of called) line.delete(key);
      return called.flatMap((key) => deployments.get(key) ?? []);
    },
  };
};

const withNamespace = ({ namespace = "", name }: Deployment["metadata"]) => ({ namespace, name });
