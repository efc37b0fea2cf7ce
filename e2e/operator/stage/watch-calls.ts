import type { FaultProxy, RecordedCall } from "../../../scripts/testing/kube/fault-proxy.ts";

/** Calls by which the operator's watches keep up: of whole kinds, in all namespaces. */
export const ofWatches = ({ verb, namespace, subresource }: RecordedCall): boolean =>
  (verb === "watch" || verb === "list") && namespace === "" && subresource === "";

/** Of the moments of each kind, the most that lie within any span of this length; 0 without any. */
export const mostWithin = (moments: readonly { readonly kind: string; readonly atMs: number }[], ms: number): number =>
  Math.max(
    0,
    ...[...Map.groupBy(moments, ({ kind }) => kind).values()].flatMap((ofKind) =>
      ofKind.map(({ atMs: from }) => ofKind.filter(({ atMs }) => atMs >= from && atMs < from + ms).length),
    ),
  );

export const toMoments = (
  calls: readonly RecordedCall[],
): readonly { readonly kind: string; readonly atMs: number }[] =>
  calls.filter(ofWatches).map(({ group, resource, atMs }) => ({ kind: `${group}/${resource}`, atMs }));

/** The highest number of connections that a proxy has had. */
export interface ConnectionPeak extends Disposable {
  readonly count: number;
}

/** Looks twenty times a second, until it is disposed. */
export const watchConnections = (proxy: FaultProxy): ConnectionPeak => {
  let count = 0;
  const timer = setInterval(() => {
    count = Math.max(count, proxy.connections);
  }, 50);
  return {
    get count() {
      return count;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
};
