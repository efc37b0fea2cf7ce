import { isRolling } from "../desired/deployment-state.ts";
import type { Deployment } from "../desired/kinds.ts";
import type { Cache } from "../kube/cache.ts";
import type { ObjectKey } from "../kube/kube-object.ts";
import { toKey } from "../kube/kube-object.ts";

/**
 * Limits how many Tenants' gateways are rolled at once when the change is the operator's (another image, another default):
 * an upgrade then never restarts a whole fleet.
 *
 * Who is being rolled is read off the Deployments, so that the next leader finds the same slots taken. The only memory is of
 * what this process has just written and the watch has not told yet; without it, workers side by side would each take the
 * last slot.
 */
export interface RolloutBudget {
  /** Takes a slot for a change of this Deployment's pods; it has one already while it is being rolled. False: all are taken. */
  tryStart(key: ObjectKey): boolean;
  /** The change is written: the slot is free once the watch has told of this generation and the rollout is over. */
  started(key: ObjectKey, generation: number): void;
  /** The change was not written. */
  cancel(key: ObjectKey): void;
}

export const createRolloutBudget = (slots: number, deployments: Cache<Deployment>): RolloutBudget => {
  const unseen = new Map<ObjectKey, number>();
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
      if (!taken.has(key) && taken.size >= slots) return false;
      unseen.set(key, (deployments.get(key)?.metadata.generation ?? 0) + 1);
      return true;
    },
    started: (key, generation) => void unseen.set(key, generation),
    cancel: (key) => void unseen.delete(key),
  };
};

const withNamespace = ({ namespace = "", name }: Deployment["metadata"]) => ({ namespace, name });
