import { afterAll, beforeAll, expect, test } from "vitest";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { toDeployment } from "../../src/desired/deployment.ts";
import type { Deployment } from "../../src/desired/kinds.ts";
import { resources } from "../../src/desired/kinds.ts";
import { createKubeClient } from "../../src/kube/create-kube-client.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { loadKubeAccess } from "../../src/kube/kube-config.ts";
import { createRealClock } from "../../src/kube/real-clock.ts";
import { createKeptOtherwise } from "../../src/reconcile/kept-otherwise.ts";
import { applyOwned } from "../../src/reconcile/owned-objects.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { toInput } from "../desired/cases.ts";

const admission = "/apis/admissionregistration.k8s.io/v1";

describeKube("admission that rewrites what is applied", (place) => {
  let client: KubeClient;
  let tenant: Tenant;
  let applies = 0;
  const lines: string[] = [];

  beforeAll(async () => {
    const clock = createRealClock();
    const made = createKubeClient({ access: loadKubeAccess(clock, place.adminKubeconfig), clock });
    client = {
      ...made,
      apply: (...given) => {
        applies++;
        return made.apply(...given);
      },
    };
    tenant = await place.api.post(`/apis/chat.sendsar.com/v1alpha1/namespaces/${place.namespace}/tenants`, {
      apiVersion: "chat.sendsar.com/v1alpha1",
      kind: "Tenant",
      metadata: { name: "acme" },
      spec: {},
    });
    await setProgressDeadline(77);
  });
  afterAll(async () => {
    await place.api?.delete(`${admission}/mutatingadmissionpolicybindings/${place.namespace}`);
    await place.api?.delete(`${admission}/mutatingadmissionpolicies/${place.namespace}`);
    await client?.[Symbol.asyncDispose]();
  });

  /** Every Deployment of the namespace gets this deadline, whatever was asked for. */
  const setProgressDeadline = async (seconds: number): Promise<void> => {
    const metadata = { name: place.namespace };
    await place.api.post(`${admission}/mutatingadmissionpolicies`, {
      metadata,
      spec: {
        failurePolicy: "Fail",
        reinvocationPolicy: "Never",
        matchConstraints: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": place.namespace } },
          resourceRules: [
            { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["deployments"] },
          ],
        },
        mutations: [
          {
            patchType: "ApplyConfiguration",
            applyConfiguration: { expression: `Object{spec: Object.spec{progressDeadlineSeconds: ${seconds}}}` },
          },
        ],
      },
    });
    await place.api.post(`${admission}/mutatingadmissionpolicybindings`, {
      metadata,
      spec: { policyName: place.namespace },
    });
    const probe = { ...toDeployment(toInput(tenant)), metadata: { name: "probe" } };
    const path = `/apis/apps/v1/namespaces/${place.namespace}/deployments?dryRun=All`;
    const isInForce = async (): Promise<boolean> =>
      (await place.api.post<Deployment>(path, probe)).spec.progressDeadlineSeconds === seconds;
    expect(await waitUntil(isInForce, { limitMs: 20_000 })).toBe(true);
  };

  test("§5.3 idempotence: is asked once for what it does not keep, and its word is accepted; a later change is set back", async () => {
    const logger = createLogger("debug", { write: (line) => void lines.push(line) });
    const deps = {
      client,
      caches: { tenants: { get: () => undefined, list: () => [], synced: true }, owned: () => undefined },
      logger,
      keptOtherwise: createKeptOtherwise(),
    };
    const wanted = toDeployment(toInput(tenant));
    const visit = (): Promise<Deployment> => applyOwned(deps, tenant, resources.deployment, wanted);

    expect((await visit()).spec.progressDeadlineSeconds).toBe(77);
    expect(lines.filter((line) => line.includes("the API server keeps another value"))).toHaveLength(1);
    for (let again = 0; again < 3; again++) await visit();
    expect(applies).toBe(1);

    const path = `/apis/apps/v1/namespaces/${place.namespace}/deployments/acme-gateway`;
    await place.api.patch(path, { spec: { revisionHistoryLimit: 9 } });
    expect((await visit()).spec.revisionHistoryLimit).toBe(3);
    for (let again = 0; again < 3; again++) await visit();
    expect(applies).toBe(2);
  });
});
