import type { Cache } from "./cache.ts";
import type { KubeObject } from "./kube-object.ts";
import { fromKey } from "./kube-object.ts";
import type { Reflector, ReflectorOptions } from "./reflector.ts";
import { createReflector } from "./reflector.ts";

/** One reflector for each of some namespaces, as one; without namespaces one for all. */
export const createReflectors = <T extends KubeObject>(
  options: Omit<ReflectorOptions<T>, "namespace">,
  namespaces: readonly string[],
): Reflector<T> => {
  if (namespaces.length === 0) return createReflector(options);
  const reflectors = new Map(namespaces.map((namespace) => [namespace, createReflector({ ...options, namespace })]));
  const all = [...reflectors.values()];
  const cache: Cache<T> = {
    get: (key) => reflectors.get(fromKey(key).namespace)?.cache.get(key),
    list: () => all.flatMap((reflector) => reflector.cache.list()),
    get synced() {
      return all.every((reflector) => reflector.cache.synced);
    },
  };
  return {
    cache,
    onChange(handler) {
      for (const reflector of all) reflector.onChange(handler);
    },
    async synced() {
      await Promise.all(all.map((reflector) => reflector.synced()));
    },
    async run(signal) {
      await Promise.all(all.map((reflector) => reflector.run(signal)));
    },
  };
};
