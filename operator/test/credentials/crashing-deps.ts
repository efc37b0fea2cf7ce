import type { TenantRegistry } from "../../src/database/tenant-registry.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import type { ReconcileDeps } from "../../src/reconcile/deps.ts";

/** The process has ended: whatever it would still do does not happen. */
export class Crash extends Error {
  override readonly name = "Crash";
}

export interface CrashPoint {
  /** Which write, from 0. */
  readonly write: number;
  /** `refused`: it never arrives. `answer-lost`: it is done, and nobody hears of it. */
  readonly how: "refused" | "answer-lost";
}

/** The same API server and database for a process that ends at one of its writes; `crashed` tells whether it got so far. */
export const crashAt = (deps: ReconcileDeps, point: CrashPoint) => {
  let writes = 0;
  let crashed = false;
  const guard = <T extends object>(target: T, changes: readonly (keyof T)[]): T =>
    new Proxy(target, {
      get(of, name, self) {
        const value: unknown = Reflect.get(of, name, self);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          if (crashed) throw new Crash("it has ended");
          const hit = (changes as readonly PropertyKey[]).includes(name) && writes++ === point.write;
          if (hit) crashed = true;
          if (hit && point.how === "refused") throw new Crash("it ends before a write");
          const result: unknown = await (value as (...given: unknown[]) => unknown).apply(of, args);
          if (hit) throw new Crash("it ends after a write");
          return result;
        };
      },
    });
  const guarded: ReconcileDeps = {
    ...deps,
    client: guard(deps.client, kubeWrites),
    registries: {
      ...deps.registries,
      open: async (...args) => {
        if (crashed) throw new Crash("it has ended");
        return guard(await deps.registries.open(...args), databaseWrites);
      },
    },
  };
  return {
    deps: guarded,
    get crashed() {
      return crashed;
    },
  };
};

const kubeWrites: readonly (keyof KubeClient)[] = ["create", "apply", "patch", "replace", "delete"];

const databaseWrites: readonly (keyof TenantRegistry)[] = [
  "claim",
  "addApiKey",
  "addWebhookSecret",
  "addSessionKey",
  "expireOthers",
  "removeExpired",
  "setManagedSettings",
  "setQuotas",
  "setSuspended",
  "ensureGatewayLogin",
  "removeOtherLogins",
  "retain",
  "delete",
];
