import type { V1Deployment } from "@kubernetes/client-node";
import { afterAll, beforeAll } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import type { KubePlace } from "../../../scripts/testing/kube/describe-kube.ts";
import type { Condition, ConditionType } from "../../src/tenant/conditions.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import type { TestRegistries } from "../database/test-registries.ts";
import { startTestRegistries } from "../database/test-registries.ts";
import type { TestOperator } from "./start-test-operator.ts";
import { startTestOperator } from "./start-test-operator.ts";

/** A running operator in a namespace of its own, with a real API server and a real Postgres. */
export interface OperatorScene extends TestOperator {
  readonly registries: TestRegistries;
  createTenant(name: string, spec?: object, metadata?: object): Promise<void>;
  /** JSON merge patch. */
  patchTenant(name: string, patch: object): Promise<void>;
  deleteTenant(name: string): Promise<void>;
  readTenant(name: string): Promise<Tenant>;
  /** Waits for a Tenant that is as asked for; throws with what there is when it does not come. */
  waitForTenant(name: string, is: (tenant: Tenant) => boolean, limitMs?: number): Promise<Tenant>;
  waitForReady(name: string): Promise<Tenant>;
  /** `deployments`, `autoscaling/v2/horizontalpodautoscalers` … of the namespace. */
  pathOf(resource: string, name: string): string;
  readDeployment(name: string): Promise<V1Deployment>;
  /** Waits until the operator has visited the Tenant once more, and then no further visit is due. */
  visitOnce(name: string): Promise<void>;
}

/** Fills itself before the tests of a `describeKube`, and runs until they are over. */
export const openOperatorScene = (place: KubePlace, env: Readonly<Record<string, string>> = {}): OperatorScene => {
  const scene = {} as OperatorScene;
  const parts = new AsyncDisposableStack();
  beforeAll(async () => {
    const registries = parts.use(await startTestRegistries());
    const database = { adminUrl: registries.database.adminUrl, masterKey: registries.masterKey };
    const started = parts.use(await startTestOperator(place, { database, env }));
    Object.defineProperties(scene, Object.getOwnPropertyDescriptors(toScene(place, started, registries)));
  });
  // While it runs it would go on with Tenants of a namespace that is being removed.
  afterAll(() => parts.disposeAsync());
  return scene;
};

/** Ways to look at what an operator does. */
export const toScene = (place: KubePlace, started: TestOperator, registries: TestRegistries): OperatorScene => {
  const { namespace, api } = place;
  const tenants = `/apis/chat.sendsar.com/v1alpha1/namespaces/${namespace}/tenants`;
  const pathOf = (resource: string, name: string): string => {
    const parts = resource.split("/");
    const plural = parts.pop() ?? "";
    return `${parts.length === 0 ? "/api/v1" : `/apis/${parts.join("/")}`}/namespaces/${namespace}/${plural}/${name}`;
  };
  const readTenant = (name: string) => api.get<Tenant>(`${tenants}/${name}`);
  const waitForTenant: OperatorScene["waitForTenant"] = async (name, is, limitMs = 30_000) => {
    let tenant: Tenant | undefined;
    const came = await waitUntil(async () => is((tenant = await readTenant(name))), { limitMs });
    if (came && tenant) return tenant;
    throw new Error(`unable to wait for Tenant ${name}; it is ${JSON.stringify(tenant, undefined, 1)}
${started.logged.slice(-20).join("")}`);
  };
  return {
    ...started,
    registries,
    pathOf,
    readTenant,
    waitForTenant,
    waitForReady: (name) =>
      waitForTenant(name, (tenant) => {
        const ready = findCondition(tenant, "Ready");
        return ready?.status === "True" && ready.observedGeneration === tenant.metadata.generation;
      }),
    createTenant: async (name, spec = {}, metadata = {}) => {
      await api.post(tenants, {
        apiVersion: "chat.sendsar.com/v1alpha1",
        kind: "Tenant",
        metadata: { name, ...metadata },
        spec,
      });
    },
    patchTenant: async (name, patch) => void (await api.patch(`${tenants}/${name}`, patch)),
    deleteTenant: (name) => api.delete(`${tenants}/${name}`),
    readDeployment: (name) => api.get(pathOf("apps/v1/deployments", `${name}-gateway`)),
    async visitOnce(name) {
      const before = await countVisits(started);
      await api.patch(`${tenants}/${name}`, { metadata: { annotations: { visit: String(performance.now()) } } });
      const came = await waitUntil(async () => (await countVisits(started)) > before, { limitMs: 20_000 });
      if (!came) throw new Error(`unable to see a visit of ${name}`);
    },
  };
};

/** Visits that have ended, as the operator counts them itself. */
export const countVisits = async (started: Pick<TestOperator, "operator">): Promise<number> => {
  const text = await readMetrics(started);
  const counts = [...text.matchAll(/^controller_runtime_reconcile_total\{.*\} (\d+)$/gm)].map(([, count]) =>
    Number(count),
  );
  return counts.reduce((sum, count) => sum + count, 0);
};

export const readMetrics = async ({ operator }: Pick<TestOperator, "operator">): Promise<string> =>
  await (await fetch(`http://127.0.0.1:${operator.metricsPort}/metrics`)).text();

export const findCondition = (tenant: Tenant, type: ConditionType): Condition | undefined =>
  tenant.status?.conditions?.find((condition) => condition.type === type);

/** Is this condition so, for the spec as it is now? */
export const has =
  (type: ConditionType, status: Condition["status"], reason: Condition["reason"]) =>
  (tenant: Tenant): boolean => {
    const condition = findCondition(tenant, type);
    return condition?.status === status && condition.reason === reason;
  };
