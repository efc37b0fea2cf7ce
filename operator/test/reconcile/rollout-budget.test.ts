import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Deployment } from "../../src/desired/kinds.ts";
import type { Cache } from "../../src/kube/cache.ts";
import { isRolling } from "../../src/desired/deployment-state.ts";
import { createRolloutBudget } from "../../src/reconcile/rollout-budget.ts";

interface Given {
  readonly generation?: number;
  readonly observedGeneration?: number;
  readonly revision?: string;
  readonly reason?: string;
  readonly replicas?: number;
}

const deployment = (name: string, given: Given = {}): Deployment => {
  const { generation = 1, observedGeneration, revision, reason, replicas = 2 } = given;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name,
      namespace: "team",
      generation,
      ...(revision !== undefined && { annotations: { "deployment.kubernetes.io/revision": revision } }),
    },
    spec: { replicas } as Deployment["spec"],
    status: {
      ...(observedGeneration !== undefined && { observedGeneration }),
      ...(reason !== undefined && { conditions: [{ type: "Progressing", status: "True", reason }] }),
    },
  };
};

const cacheOf = (objects: Map<string, Deployment>): Cache<Deployment> => ({
  get: (key) => objects.get(key),
  list: () => [...objects.values()],
  synced: true,
});

describe("the rollout budget", () => {
  test.each<readonly [string, Given, boolean]>([
    ["one that has just been made", { generation: 1 }, false],
    ["the first pods", { generation: 1, observedGeneration: 1, revision: "1", reason: "ReplicaSetUpdated" }, false],
    ["an edit that the controller has not seen", { generation: 3, observedGeneration: 2, revision: "1" }, true],
    ["new pods that come", { generation: 2, observedGeneration: 2, revision: "2", reason: "ReplicaSetUpdated" }, true],
    [
      "a rollout that is complete",
      { generation: 2, observedGeneration: 2, revision: "2", reason: "NewReplicaSetAvailable" },
      false,
    ],
    [
      "a rollout that failed",
      { generation: 2, observedGeneration: 2, revision: "2", reason: "ProgressDeadlineExceeded" },
      false,
    ],
    ["one that sleeps", { generation: 3, observedGeneration: 2, revision: "2", replicas: 0 }, false],
  ])("%s", (_what, given, rolling) => {
    expect(isRolling(deployment("a-gateway", given))).toBe(rolling);
  });

  test("never lets more begin than there are slots, whatever the watch has told and what not yet", () => {
    const step = fc.record({ tenant: fc.integer({ min: 0, max: 5 }), what: fc.constantFrom("change", "told", "over") });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 60 }), (slots, steps) => {
        const objects = new Map<string, Deployment>();
        const state = new Map<string, { generation: number; rolling: boolean }>();
        const keys = Array.from({ length: 6 }, (_, n) => `team/t${n}-gateway`);
        const tell = (key: string): void => {
          const { generation = 1, rolling = false } = state.get(key) ?? {};
          const reason = rolling ? "ReplicaSetUpdated" : "NewReplicaSetAvailable";
          const name = key.slice("team/".length);
          objects.set(key, deployment(name, { generation, observedGeneration: generation, revision: "2", reason }));
        };
        for (const key of keys) {
          state.set(key, { generation: 1, rolling: false });
          tell(key);
        }
        const budget = createRolloutBudget(slots, cacheOf(objects));
        for (const { tenant, what } of steps) {
          const key = keys[tenant] ?? "";
          const { generation, rolling } = state.get(key) ?? { generation: 1, rolling: false };
          if (what === "change" && budget.tryStart(key)) {
            budget.started(key, generation + 1);
            state.set(key, { generation: generation + 1, rolling: true });
          }
          if (what === "told") tell(key);
          // A rollout is over only after the watch has told of it: the operator cannot know sooner.
          if (what === "over" && rolling) state.set(key, { generation, rolling: false });
          const underWay = [...state.values()].filter((one) => one.rolling).length;
          expect(underWay).toBeLessThanOrEqual(slots);
        }
      }),
    );
  });

  test("a change that was not written, or an object that is gone, gives its slot back", () => {
    const objects = new Map([["team/a", deployment("a")]]);
    const budget = createRolloutBudget(1, cacheOf(objects));
    expect(budget.tryStart("team/a")).toBe(true);
    expect(budget.tryStart("team/b")).toBe(false);
    budget.cancel("team/a");
    expect(budget.tryStart("team/a")).toBe(true);
    objects.delete("team/a");
    expect(budget.tryStart("team/b")).toBe(true);
  });

  test("who was refused is called once a slot is free, in the order of coming, and only once", () => {
    const [rolling, over] = ["ReplicaSetUpdated", "NewReplicaSetAvailable"].map((reason) =>
      deployment("a", { generation: 2, observedGeneration: 2, revision: "2", reason }),
    );
    const objects = new Map(["a", "b", "c", "d"].map((name) => [`team/${name}`, deployment(name)]));
    const budget = createRolloutBudget(1, cacheOf(objects));
    const call = (): readonly string[] => budget.callNext().map(({ metadata }) => metadata.name);
    expect(["a", "b", "c", "d", "b"].map((name) => budget.tryStart(`team/${name}`))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(call()).toEqual([]);
    objects.set("team/a", rolling as Deployment);
    expect(call()).toEqual([]);
    objects.set("team/a", over as Deployment);
    expect(call()).toEqual(["b"]);
    expect(call()).toEqual(["c"]);
    // Refused again it is in line again; granted, or gone, no longer.
    expect(budget.tryStart("team/b")).toBe(true);
    expect(budget.tryStart("team/c")).toBe(false);
    objects.delete("team/d");
    budget.cancel("team/b");
    expect([call(), call()]).toEqual([[], ["c"]]);
  });
});
