import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { desiredObjects, ownedResources } from "../../src/desired/desired-objects.ts";
import type { ConfigMap, Deployment } from "../../src/desired/kinds.ts";
import { toLabels, toSelectorText } from "../../src/desired/labels.ts";
import { toCanonicalJson } from "../../src/desired/template-hash.ts";
import { arbitraryTenant, tenantName } from "./arbitrary-tenant.ts";
import { cases, toInput, toTenant } from "./cases.ts";
import { findPaths, readAt } from "./mutate-object.ts";
import { findRestrictedViolations } from "./restricted-profile.ts";

const isEmpty = (value: unknown): boolean =>
  value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);

const kindsOf = (name: string): string[] => {
  const input = cases[name];
  return input ? desiredObjects(input).map(({ kind }) => kind) : [];
};

const renderDeployment = (input: Parameters<typeof desiredObjects>[0]): Deployment => {
  const found = desiredObjects(input).find(({ kind }) => kind === "Deployment");
  if (!found) throw new Error("unable to find the Deployment; none was rendered");
  return found as Deployment;
};

describe("which objects there are", () => {
  const always = ["ServiceAccount", "ConfigMap", "NetworkPolicy", "Deployment", "Service"];

  test("a Tenant without any wish has a gateway that can be reached inside the cluster", () => {
    expect(kindsOf("minimal")).toEqual([...always, "PodDisruptionBudget"]);
  });

  test("an autoscaler, a route or an Ingress only where it is asked for", () => {
    expect(kindsOf("autoscaled")).toEqual([...always, "PodDisruptionBudget", "HorizontalPodAutoscaler"]);
    expect(kindsOf("http-route")).toEqual([...always, "PodDisruptionBudget", "HTTPRoute"]);
    expect(kindsOf("ingress")).toEqual([...always, "PodDisruptionBudget", "Ingress"]);
  });

  test("pitfall 16: what sleeps has no budget that keeps a node, no autoscaler and no route", () => {
    expect(kindsOf("suspended")).toEqual(always);
  });

  test("network policies can be switched off", () => {
    expect(kindsOf("own-database")).not.toContain("NetworkPolicy");
  });

  test("a Tenant in a shared pool has none of its own", () => {
    expect(desiredObjects(toInput(toTenant("acme", { gateway: { mode: "Shared", poolRef: { name: "a" } } })))).toEqual(
      [],
    );
  });

  test("one that is being deleted is rendered as one that sleeps", () => {
    const tenant = toTenant("acme", { exposure: { type: "Ingress", hosts: ["a.example"] } });
    const leaving = { ...tenant, metadata: { ...tenant.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(desiredObjects(toInput(leaving)).map(({ kind }) => kind)).toEqual(always);
  });

  test("every kind that is rendered is one that is watched and removed, and the other way round", () => {
    const rendered = new Set(Object.values(cases).flatMap((input) => desiredObjects(input).map(({ kind }) => kind)));
    const owned = Object.values(ownedResources).flatMap((kinds) => kinds.map(({ kind }) => kind));
    expect([...rendered].toSorted()).toEqual([...owned].toSorted());
  });
});

describe("of any Tenant", () => {
  test("the same Tenant gives the same objects, to the letter", () => {
    fc.assert(
      fc.property(arbitraryTenant, (tenant) => {
        expect(toCanonicalJson(desiredObjects(toInput(tenant)))).toBe(
          toCanonicalJson(desiredObjects(toInput(structuredClone(tenant)))),
        );
      }),
    );
  });

  test("every object is named, labelled and owned as ours, whatever the Tenant says of labels", () => {
    fc.assert(
      fc.property(arbitraryTenant, (tenant) => {
        for (const { metadata } of desiredObjects(toInput(tenant))) {
          expect(metadata.labels).toEqual(toLabels(tenant));
          expect(metadata.ownerReferences).toEqual([
            expect.objectContaining({ kind: "Tenant", uid: tenant.metadata.uid, controller: true }),
          ]);
        }
        expect(renderDeployment(toInput(tenant)).spec.template.metadata?.labels).toMatchObject(toLabels(tenant));
      }),
    );
  });

  test("pitfall 8: the Deployment never states how many pods there are", () => {
    fc.assert(
      fc.property(arbitraryTenant, (tenant) => {
        expect(renderDeployment(toInput(tenant)).spec).not.toHaveProperty("replicas");
      }),
    );
  });

  test("nothing empty is stated: the server does not keep it, and would differ for ever", () => {
    fc.assert(
      fc.property(arbitraryTenant, (tenant) => {
        for (const object of desiredObjects(toInput(tenant))) {
          const empty = findPaths(object).filter((path) => isEmpty(readAt(object, path)) && !path.includes("env"));
          expect(empty.filter((path) => !path.includes("annotations"))).toEqual([]);
        }
      }),
    );
  });

  test("its pods are allowed by the restricted profile", () => {
    fc.assert(
      fc.property(arbitraryTenant, (tenant) => {
        const { template } = renderDeployment(toInput(tenant)).spec;
        expect(findRestrictedViolations(template.spec ?? { containers: [] })).toEqual([]);
      }),
    );
  });

  test("the time to end covers the lag of endpoints, the spread, and a margin", () => {
    fc.assert(
      fc.property(arbitraryTenant, (tenant) => {
        const { endpointLagSeconds, spreadSeconds } = tenant.spec.gateway.drain;
        const pod = renderDeployment(toInput(tenant)).spec.template.spec;
        expect(pod?.terminationGracePeriodSeconds).toBe(endpointLagSeconds + spreadSeconds + 15);
        expect(pod?.containers[0]?.lifecycle?.preStop?.sleep?.seconds ?? 0).toBe(endpointLagSeconds);
      }),
    );
  });

  test("a variable of the Tenant never takes the place of ours, neither here nor in the ConfigMap", () => {
    const ours = ["PORT", "TENANT_ID", "DATABASE_URL", "TENANT_KEY"];
    fc.assert(
      fc.property(arbitraryTenant, (tenant) => {
        const input = toInput(tenant);
        const env = renderDeployment(input).spec.template.spec?.containers[0]?.env ?? [];
        const names = env.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        expect(env.filter(({ valueFrom }) => valueFrom).map(({ name }) => name)).toEqual([
          "TENANT_KEY",
          "DATABASE_URL",
        ]);
        const given = (tenant.spec.gateway.env ?? []).map(({ name }) => name);
        expect(names.slice(2)).toEqual(given.filter((name) => !ours.includes(name)));
      }),
    );
  });

  test("names of up to 40 characters stay valid as names and labels everywhere (RFC 1035, RFC 1123)", () => {
    fc.assert(
      fc.property(fc.oneof(tenantName, fc.constant("a".repeat(40))), (name) => {
        const spec = { exposure: { type: "Ingress" as const, hosts: ["a.example"] } };
        for (const { metadata } of desiredObjects(toInput(toTenant(name, spec)))) {
          expect(metadata.name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
          for (const value of Object.values(metadata.labels ?? {})) {
            expect(value).toMatch(/^[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/);
          }
        }
      }),
    );
  });
});

describe("what rolls the pods", () => {
  const input = toInput(toTenant("acme"));
  const template = (other: Parameters<typeof desiredObjects>[0]): string =>
    toCanonicalJson(renderDeployment(other).spec.template);

  test("a new database login does, although its Secret keeps its name", () => {
    expect(template({ ...input, loginId: "another" })).not.toBe(template(input));
  });

  test("the operator's environment for gateways does", () => {
    const config = { ...input.config, gatewayEnvironment: { LOG_LEVEL: "debug" } };
    expect(template({ ...input, config })).not.toBe(template(input));
  });

  test("a new limit of connections does, and scaling does not, although the ConfigMap changes with both", () => {
    const limited = toInput(toTenant("acme", { database: { connectionLimit: 50 } }));
    const scaled = toInput(toTenant("acme", { gateway: { replicas: 7 } }));
    expect(template(limited)).not.toBe(template(input));
    expect(template(scaled)).toBe(template(input));
    const dataOf = (other: typeof input): ConfigMap["data"] => (desiredObjects(other)[1] as ConfigMap).data;
    expect(dataOf(scaled)).not.toEqual(dataOf(input));
  });

  test("no API key, settings, quotas or host of an autoscaler's does", () => {
    const other = toTenant("acme", {
      apiKey: { rotationToken: "now" },
      settings: { values: { messageRetentionDays: 1 } },
      quotas: { storageBytes: 1 },
      gateway: {
        autoscaling: { minReplicas: 2, maxReplicas: 3, cpuUtilization: 50, scaleDownStabilizationSeconds: 0 },
      },
    });
    expect(template(toInput(other))).toBe(template(input));
  });
});

test("the selector is told as kubectl takes it", () => {
  expect(toSelectorText(toTenant("acme"))).toBe(
    "app.kubernetes.io/name=sendsar-gateway,app.kubernetes.io/instance=acme",
  );
});
