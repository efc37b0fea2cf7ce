import { keepAsLive } from "../desired/keep-as-live.ts";
import { findDifference } from "../desired/same-as-wanted.ts";
import { toHash } from "../desired/template-hash.ts";
import type { KubeObject } from "../kube/kube-object.ts";

/**
 * Remembers where the API server keeps something else than was applied: admission may rewrite it (a registry, a request of
 * CPU), and an older kind may not know a field. To apply it again would change nothing, and would be written at every visit.
 *
 * Only such objects are remembered, and only for what was asked for then: a changed wish is applied as any other. The next
 * process asks once more.
 */
export interface KeptOtherwise {
  /** What to compare a live object with: the wanted one, or that one as it was kept the last time. */
  toExpected<T extends KubeObject>(wanted: T): T;
  /** Notes what an apply answered. The path of the first field that is kept otherwise; undefined when all is as wanted. */
  note(wanted: KubeObject, applied: KubeObject): string | undefined;
}

export const createKeptOtherwise = (): KeptOtherwise => {
  const kept = new Map<string, { readonly hash: string; readonly expected: KubeObject }>();
  return {
    toExpected<T extends KubeObject>(wanted: T): T {
      const found = kept.get(toName(wanted));
      return found && found.hash === toHash(wanted) ? (found.expected as T) : wanted;
    },
    note(wanted, applied) {
      const difference = findDifference(applied, wanted);
      kept.delete(toName(wanted));
      if (difference === undefined) return undefined;
      kept.set(toName(wanted), { hash: toHash(wanted), expected: keepAsLive(wanted, applied) });
      const [oldest] = kept.keys();
      if (kept.size > keptMax && oldest !== undefined) kept.delete(oldest);
      return difference;
    },
  };
};

/** Of one that is forgotten, an apply too many is sent at each visit. */
const keptMax = 5000;

const toName = ({ kind, metadata }: KubeObject): string => `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
