import type { KubeObject } from "../kube/kube-object.ts";

/**
 * What objects would be after several dry runs: the API server thinks of each write upon the object as it is, and forgets the
 * one before. Here an object keeps its status when the rest of it is written, and the rest when its status is.
 */
export interface ImaginedObjects {
  /** The answer to a dry run of a write, with what earlier ones have written to the other part of the object. */
  join<T extends KubeObject>(answer: T, written: "object" | "status"): T;
}

interface Imagined {
  /** Of the real object: with another one all that was imagined is over. */
  readonly version: string;
  readonly object?: KubeObject;
  readonly status?: unknown;
}

export const createImaginedObjects = (): ImaginedObjects => {
  const imagined = new Map<string, Imagined>();
  return {
    join<T extends KubeObject>(answer: T, written: "object" | "status"): T {
      const { resourceVersion: version = "", namespace = "", name } = answer.metadata;
      const key = `${answer.kind} ${namespace}/${name}`;
      const found = imagined.get(key);
      const before: Imagined = found?.version === version ? found : { version };
      const { status } = answer as { readonly status?: unknown };
      const next: Imagined = written === "status" ? { ...before, status } : { ...before, object: answer };
      imagined.set(key, next);
      return {
        ...(next.object ?? answer),
        ...("status" in next ? { status: next.status } : status !== undefined && { status }),
      } as T;
    },
  };
};
