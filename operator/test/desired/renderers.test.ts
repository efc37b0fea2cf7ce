import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeShortage, toDatabasePool } from "../../src/desired/database-pool.ts";
import { rollsPods, toDeployment } from "../../src/desired/deployment.ts";
import { toHorizontalPodAutoscaler } from "../../src/desired/horizontal-pod-autoscaler.ts";
import { toNetworkPolicy } from "../../src/desired/network-policy.ts";
import { toClusterUrl, toPublicUrl } from "../../src/desired/public-url.ts";
import { desiredReplicas } from "../../src/desired/replicas.ts";
import { toNodeOptions, toResources } from "../../src/desired/pod-resources.ts";
import { readSecretValue, toCredentialsSecret, toDatabaseSecret } from "../../src/desired/secrets.ts";
import { toLabels } from "../../src/desired/labels.ts";
import { baseConfig, toInput, toTenant } from "./cases.ts";

const autoscaling = { minReplicas: 2, maxReplicas: 20, scaleDownStabilizationSeconds: 600 };

describe("how many gateways the operator asks for", () => {
  test("those of the spec, none while suspended, and no number while an autoscaler decides", () => {
    expect(desiredReplicas(toTenant("a", { gateway: { replicas: 3 } }))).toBe(3);
    expect(desiredReplicas(toTenant("a", { gateway: { replicas: 0 } }))).toBe(0);
    expect(desiredReplicas(toTenant("a", { gateway: { autoscaling } }))).toBeUndefined();
    expect(desiredReplicas(toTenant("a", { suspend: true, gateway: { autoscaling } }))).toBe(0);
  });
});

describe("connections to the database", () => {
  const pool = (connectionLimit: number, replicas: number) =>
    toDatabasePool(toTenant("a", { gateway: { replicas }, database: { connectionLimit } }));

  test("the defaults give each gateway the pool that it would have by itself", () => {
    expect(pool(40, 2)).toEqual({ max: 10, neededLimit: 16, fits: true });
  });

  test("too few connections are told, with the number that would do", () => {
    expect(pool(20, 4)).toEqual({ max: 2, neededLimit: 28, fits: false });
    expect(pool(28, 4).fits).toBe(true);
  });

  test("whoever asks for more gateways than connections reads what would do", () => {
    const tenant = toTenant("a", { gateway: { replicas: 4 }, database: { connectionLimit: 20 } });
    expect(describeShortage(tenant)).toBe(
      "spec.database.connectionLimit of 20 is too low for a rollout of 4 gateways, which needs 28.",
    );
    expect(describeShortage(toTenant("a"))).toBeUndefined();
  });

  test("where it fits, no moment of a rollout opens more than the limit", () => {
    const limits = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 100 }), (limit, replicas) => {
        const { max, fits, neededLimit } = pool(limit, replicas);
        const surge = Math.ceil(replicas / 4);
        const opened = (replicas + surge) * (max + 2) + replicas * 2;
        expect(fits).toBe(opened <= limit);
        expect(pool(neededLimit, replicas).fits).toBe(true);
        expect(pool(neededLimit - 1, replicas).fits).toBe(false);
      }),
    );
  });
});

describe("resources", () => {
  test("V8's heap is three quarters of the memory limit, and left to itself without one", () => {
    const limited = (memory: string | number) => toTenant("a", { gateway: { resources: { limits: { memory } } } });
    expect(toNodeOptions(limited("1Gi"))).toBe("--max-old-space-size=768");
    expect(toNodeOptions(limited(536_870_912))).toBe("--max-old-space-size=384");
    expect(toNodeOptions(toTenant("a"))).toBeUndefined();
  });

  test("there is always a request for CPU and memory, for the autoscaler and the scheduler", () => {
    const resources = (given: object) => toResources(toTenant("a", { gateway: { resources: given } }));
    expect(resources({})).toEqual({ requests: { cpu: "100m", memory: "192Mi" } });
    expect(resources({ requests: { cpu: 2 } })).toEqual({ requests: { cpu: "2", memory: "192Mi" } });
    // The server makes a request of a limit: one that is less than ours must not be refused for it.
    expect(resources({ limits: { memory: "128Mi" } })).toEqual({
      requests: { cpu: "100m" },
      limits: { memory: "128Mi" },
    });
  });
});

describe("the autoscaler", () => {
  const metrics = (spec: object, customMetricsServed: boolean) =>
    toHorizontalPodAutoscaler(
      toInput(toTenant("a", { gateway: { autoscaling: { ...autoscaling, ...spec } } }), { customMetricsServed }),
    )?.spec.metrics;
  const connections = {
    type: "Pods",
    pods: { metric: { name: "chat_gateway_connections" }, target: { type: "AverageValue", averageValue: "5000" } },
  };
  const cpu = (averageUtilization: number) => ({
    type: "Resource",
    resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
  });

  test("counts connections, and the CPU beside them where that is asked for", () => {
    expect(metrics({ connectionsPerPod: 5000 }, true)).toEqual([connections]);
    expect(metrics({ connectionsPerPod: 5000, cpuUtilization: 60 }, true)).toEqual([connections, cpu(60)]);
    expect(metrics({ cpuUtilization: 60 }, true)).toEqual([cpu(60)]);
  });

  test("has the CPU alone where no custom metrics are served", () => {
    expect(metrics({ connectionsPerPod: 5000 }, false)).toEqual([cpu(70)]);
    expect(metrics({ connectionsPerPod: 5000, cpuUtilization: 60 }, false)).toEqual([cpu(60)]);
  });

  test("is there only where it is asked for", () => {
    expect(toHorizontalPodAutoscaler(toInput(toTenant("a")))).toBeUndefined();
  });
});

describe("the network policy", () => {
  const config = {
    databaseHost: "db.example",
    databasePort: 5432,
    publicFrom: [],
    adminFrom: [],
    extraEgress: [],
  };
  const policy = (change: object = {}) => toNetworkPolicy(toTenant("a"), { ...config, ...change }).spec;

  test("opens the admin port to nobody while no one is named", () => {
    expect(policy().ingress).toEqual([{ ports: [{ protocol: "TCP", port: "http" }] }]);
  });

  test("names an address of the database as a range of one, and leaves a host to its port", () => {
    expect(policy().egress[1]).toEqual({ ports: [{ protocol: "TCP", port: 5432 }] });
    expect(policy({ databaseHost: "10.0.0.7" }).egress[1]?.to).toEqual([{ ipBlock: { cidr: "10.0.0.7/32" } }]);
    expect(policy({ databaseHost: "fd00::7" }).egress[1]?.to).toEqual([{ ipBlock: { cidr: "fd00::7/128" } }]);
  });
});

describe("where a Tenant is reached", () => {
  test("by its first host, or by its Service", () => {
    expect(toPublicUrl(toTenant("a", { exposure: { type: "Ingress", hosts: ["b.example", "c.example"] } }))).toBe(
      "https://b.example",
    );
    expect(toPublicUrl(toTenant("a"))).toBe("http://a-gateway.chat.svc:3001");
    expect(toClusterUrl(toTenant("a"))).toBe("http://a-gateway.chat.svc:3001");
  });
});

describe("Secrets", () => {
  const tenant = toTenant("acme", {
    apiKey: {
      secretTemplate: { labels: { team: "a", "chat.sendsar.com/tenant": "other" }, annotations: { note: "b" } },
    },
  });

  test("carry what the Tenant wants on them, beside what is ours", () => {
    const { metadata } = toCredentialsSecret(tenant, { apiKey: "k" });
    expect(metadata.name).toBe("acme-chat-credentials");
    expect(metadata.labels).toEqual({ team: "a", ...toLabels(tenant) });
    expect(metadata.annotations).toMatchObject({ note: "b" });
  });

  test("hold values in base64 that read back as they were given", () => {
    const secret = toDatabaseSecret(tenant, { databaseUrl: "postgres://ä:b@c/d", tenantKey: "k", loginId: "1" });
    expect(secret.metadata.name).toBe("acme-chat-database");
    expect(readSecretValue(secret, "databaseUrl")).toBe("postgres://ä:b@c/d");
    expect(readSecretValue(secret, "missing")).toBeUndefined();
  });

  test("tell nothing of their values outside of them: not even their hash differs", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, other) => {
        expect(toCredentialsSecret(tenant, { apiKey: one }).metadata).toEqual(
          toCredentialsSecret(tenant, { apiKey: other }).metadata,
        );
      }),
    );
    expect(toCredentialsSecret(tenant, { apiKey: "a", apiUrl: "b" }).metadata).not.toEqual(
      toCredentialsSecret(tenant, { apiKey: "a" }).metadata,
    );
  });
});

test("a Deployment is rolled by another template, and by nothing else", () => {
  const before = toDeployment(toInput(toTenant("acme")));
  const quicker = toDeployment(toInput(toTenant("acme"), { config: { ...baseConfig, minReadySeconds: 0 } }));
  const newer = toDeployment(toInput(toTenant("acme"), { config: { ...baseConfig, gatewayImage: "gateway:2" } }));
  expect(rollsPods(undefined, before)).toBe(false);
  expect(rollsPods(before, quicker)).toBe(false);
  expect(rollsPods(before, newer)).toBe(true);
  // The server keeps no 0: one that is stated would be a difference for ever.
  expect(quicker.spec).not.toHaveProperty("minReadySeconds");
});
