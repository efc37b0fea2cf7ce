import { describe, expect, test } from "vitest";
import { KubeUnreachable } from "../../src/kube/kube-error.ts";
import { renderConditionMetric } from "../../src/telemetry/condition-metric.ts";
import { toHealthRoutes } from "../../src/telemetry/health.ts";
import { startHttpServer } from "../../src/telemetry/http-server.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { allMetrics } from "../../src/telemetry/metric-table.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { noTracing } from "../../src/telemetry/tracing.ts";
import { tenantStates, toTenantState } from "../../src/telemetry/tenant-state.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { testCondition, testTenant } from "../reconcile/test-tenant.ts";

describe("the log", () => {
  const logTo = () => {
    const lines: string[] = [];
    return { lines, logger: createLogger("info", { write: (line) => void lines.push(line) }) };
  };

  test("tells an error with its causes, and where a mistake of ours happened", () => {
    const { lines, logger } = logTo();
    logger.error(
      { error: new KubeUnreachable("unable to list pods", { cause: new Error("refused") }) },
      "visit failed",
    );
    logger.error({ error: new AggregateError([new TypeError("x is undefined")], "several") }, "visit failed");
    logger.error({ error: new TypeError("x is undefined") }, "visit failed");
    const errors = lines.map((line) => (JSON.parse(line) as { error: { message: string; stack?: string } }).error);
    expect(errors[0]).toEqual({ name: "KubeUnreachable", message: "unable to list pods; refused" });
    expect(errors[1]?.message).toBe("x is undefined");
    expect(errors[2]?.stack).toContain("telemetry.test.ts");
  });

  test("blots out what has the name of a credential", () => {
    const { lines, logger } = logTo();
    const secret = "sk_not_to_be_seen";
    logger.info({
      secret: { apiKey: secret, webhookSecret: secret, tenantKey: secret, databaseUrl: secret, password: secret },
    });
    expect(lines.join("")).not.toContain(secret);
  });
});

describe("probes", () => {
  test("ready is who has what it needs; alive is who answers; nothing else is served", async () => {
    let whole = false;
    await using server = await startHttpServer(0, toHealthRoutes({ "the watches": () => whole }));
    const ask = async (path: string, method = "GET") => {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
      return [response.status, (await response.text()).trim()];
    };
    expect(await ask("/livez")).toEqual([200, "ok"]);
    expect(await ask("/readyz")).toEqual([503, "not ready: the watches"]);
    whole = true;
    expect(await ask("/readyz?verbose")).toEqual([200, "ok"]);
    expect(await ask("/readyz", "POST")).toEqual([404, "not found"]);
    expect(await ask("/constructor")).toEqual([404, "not found"]);
  });
});

test("every state of a Tenant is one of those that are counted", () => {
  const ready = (status: "True" | "False" | "Unknown", reason: "Ready" | "Suspended" | "Paused" | "Pending") => ({
    status: { conditions: [testCondition({ type: "Ready" as const, status, reason })] },
  });
  const spec = { ...testTenant().spec, suspend: true };
  const states = [
    toTenantState(testTenant()),
    toTenantState(testTenant(ready("True", "Ready"))),
    toTenantState(testTenant(ready("False", "Pending"))),
    toTenantState(testTenant({ ...ready("False", "Suspended"), spec })),
    toTenantState(testTenant(ready("Unknown", "Paused"))),
    toTenantState(testTenant({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } })),
  ];
  expect(states).toEqual(["unknown", "ready", "not_ready", "suspended", "paused", "deleting"]);
  expect([...states].toSorted()).toEqual([...tenantStates].toSorted());
});

test("metrics have names of Prometheus' kind: counters end in _total, and all have a sentence", () => {
  for (const [name, { kind, help }] of Object.entries(allMetrics)) {
    expect(name).toMatch(/^[a-z][a-z0-9_]+$/);
    expect(name.endsWith("_total")).toBe(kind === "counter");
    expect(help).toMatch(/\.$/);
  }
});

describe("the metrics that are scraped", () => {
  const open = async (tenants: () => readonly Tenant[]) => {
    const parts = new AsyncDisposableStack();
    const metrics = parts.use(createMetrics());
    metrics.meter.createCounter("something").add(1);
    const handle = metrics.handle(() => renderConditionMetric(tenants()));
    const { port } = parts.use(await startHttpServer(0, { "/metrics": handle }));
    return {
      scrape: () => fetch(`http://127.0.0.1:${port}/metrics`),
      [Symbol.asyncDispose]: () => parts.disposeAsync(),
    };
  };
  const linesOf = async (response: Response): Promise<string[]> => (await response.text()).split("\n");
  const conditionsIn = (lines: readonly string[]): readonly string[] =>
    lines.filter((line) => line.startsWith("sendsar_operator_tenant_condition{"));
  const withReady = (name: string, status: "True" | "False") =>
    testTenant({ metadata: { name }, status: { conditions: [testCondition({ type: "Ready", status })] } });

  test("§5.3 scale: they tell of every Tenant, however many, beside what is measured on the meter", async () => {
    const all = Array.from({ length: 3000 }, (_, n) => withReady(`tenant-${n}`, "True"));
    await using server = await open(() => all);
    const response = await server.scrape();
    const lines = await linesOf(response);
    expect(response.headers.get("content-type")).toContain("version=0.0.4");
    expect(lines).toContain("something_total 1");
    expect(conditionsIn(lines).length).toBe(3000);
    expect(lines).toContain(
      'sendsar_operator_tenant_condition{namespace="team",name="tenant-2999",type="Ready",status="True"} 1',
    );
  });

  test("they tell only what a condition is now, and nothing of a Tenant that is gone", async () => {
    const now = [withReady("acme", "True"), withReady("gone", "True")];
    await using server = await open(() => now);
    expect(conditionsIn(await linesOf(await server.scrape())).length).toBe(2);
    now.splice(0, 2, withReady("acme", "False"));
    expect(conditionsIn(await linesOf(await server.scrape()))).toEqual([
      'sendsar_operator_tenant_condition{namespace="team",name="acme",type="Ready",status="False"} 1',
    ]);
  });

  test("a value that would break the format is escaped", () => {
    const text = renderConditionMetric([withReady('a"b\\c\nd', "True")]);
    expect(text).toContain(String.raw`name="a\"b\\c\nd"`);
  });
});

test("without traces the work just runs", async () => {
  expect(await noTracing.span("x", {}, () => Promise.resolve(7))).toBe(7);
});
