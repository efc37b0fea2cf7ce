/**
 * The annotation by which a ReplicaSet chooses: of pods that are equally well it ends the one with the lowest number first,
 * and without it the newest.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost (KEP-2255).
 */
export const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

/** The mark: lower than that of a pod that says nothing, which is 0. */
export const markedCost = "-1";

/** A pod that is not ending. */
export interface MeasuredPod {
  readonly name: string;
  /** What its annotation says. */
  readonly cost: string | undefined;
  /** Open ones; undefined when it was not measured. */
  readonly connections: number | undefined;
}

/** One pod's mark, put on or taken off. */
export interface MarkChange {
  readonly name: string;
  readonly cost: typeof markedCost | undefined;
}

/**
 * Moves the mark to the pod with the fewest connections; pure. The mark stays where it is until another pod has clearly
 * fewer, for a pair of pods that are about even would take turns. It is taken off before it is put on, and no more than two
 * pods change at once: never are there two marks because of this, and what is left over is for the next look. Where somebody
 * else has set costs nothing is changed.
 */
export const moveMark = (pods: readonly MeasuredPod[]): readonly MarkChange[] => {
  if (pods.some(({ cost }) => cost !== undefined && cost !== markedCost)) return [];
  const [emptiest, second] = pods.filter(isMeasured).toSorted(byConnections);
  if (!emptiest || !second) return [];
  const marked = pods.filter(({ cost }) => cost === markedCost);
  const holder = marked.filter(isMeasured).toSorted(byConnections)[0];
  const chosen = holder && emptiest.connections >= holder.connections * clearlyFewer ? holder : emptiest;
  const changes: readonly MarkChange[] = [
    ...marked.filter(({ name }) => name !== chosen.name).map(({ name }) => ({ name, cost: undefined })),
    ...(chosen.cost === markedCost ? [] : [{ name: chosen.name, cost: markedCost } as const]),
  ];
  return changes.slice(0, changesMax);
};

/** Of the marked pod's connections. */
const clearlyFewer = 0.9;

const changesMax = 2;

type Measured = MeasuredPod & { readonly connections: number };

const isMeasured = (pod: MeasuredPod): pod is Measured => pod.connections !== undefined;

/** By name where they are even: which of them it is must not depend on the order of a list. */
const byConnections = (one: Measured, other: Measured): number =>
  one.connections - other.connections || (one.name < other.name ? -1 : 1);
