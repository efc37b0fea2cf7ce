import { describe, expect, test } from "vitest";
import { KubeUnreachable } from "../../src/kube/kube-error.ts";
import { toHealthRoutes } from "../../src/telemetry/health.ts";
import { startHttpServer } from "../../src/telemetry/http-server.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { allMetrics } from "../../src/telemetry/metric-table.ts";
import { noTracing } from "../../src/telemetry/tracing.ts";
import { tenantStates, toTenantState } from "../../src/telemetry/tenant-state.ts";
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

test("without traces the work just runs", async () => {
  expect(await noTracing.span("x", {}, () => Promise.resolve(7))).toBe(7);
});
