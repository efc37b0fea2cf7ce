import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { buildOperator } from "../../build.ts";
import type { TestRegistries } from "../database/test-registries.ts";
import { startTestRegistries } from "../database/test-registries.ts";
import { readOperatorRules } from "../reconcile/start-test-operator.ts";

describeKube("the operator as it ships, as a process", (place) => {
  let registries: TestRegistries;
  /** Far from any `node_modules`. */
  let builtDir: string;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    registries = await startTestRegistries();
    builtDir = await mkdtemp(join(tmpdir(), "sendsar-built-"));
    await buildOperator(builtDir);
  });
  afterAll(async () => {
    for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
    await registries?.[Symbol.asyncDispose]();
    if (builtDir) await rm(builtDir, { recursive: true, force: true });
  });
  const run = (args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess => {
    const child = spawn(process.execPath, [join(builtDir, "main.js"), ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    children.push(child);
    return child;
  };
  const end = async (child: ChildProcess) => {
    const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : ""));
    const [code] = (await once(child, "exit")) as [number];
    return { code, stdout: (await stdout) ?? "", stderr: (await stderr) ?? "" };
  };

  test("tells how it is used, and which variable is missing", { timeout: 90_000 }, async () => {
    const help = await end(run(["--help"], {}));
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("--dry-run");
    const missing = await end(run([], { MASTER_KEY: registries.masterKey }));
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("ADMIN_DATABASE_URL: is not set; GATEWAY_IMAGE: is not set");
    const unknown = await end(run(["--fast"], {}));
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain("--fast");
  });

  test(
    "works by a kubeconfig, sends a trace of every visit, gives its Lease back and ends with 0",
    { timeout: 90_000 },
    async () => {
      const traces = await receiveTraces();
      const { namespace } = place;
      const kubeconfig = await place.createLogin("operator", { rules: await readOperatorRules() });
      const child = run([], {
        PATH: process.env["PATH"] ?? "",
        KUBECONFIG: kubeconfig,
        ADMIN_DATABASE_URL: registries.database.adminUrl,
        MASTER_KEY: registries.masterKey,
        GATEWAY_IMAGE: "registry.invalid/gateway:1",
        GATEWAY_MIN_READY_SECONDS: "0",
        WATCH_NAMESPACES: namespace,
        POD_NAMESPACE: namespace,
        POD_NAME: "process",
        HEALTH_PORT: "0",
        METRICS_PORT: "0",
        OTEL_EXPORTER_OTLP_ENDPOINT: traces.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_BSP_SCHEDULE_DELAY: "100",
      });
      const ended = end(child);
      const [{ healthPort, metricsPort }] = (await once(child, "message")) as [
        { healthPort: number; metricsPort: number },
      ];
      const ready = async () => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok;
      expect(await waitUntil(ready, { limitMs: 30_000 })).toBe(true);
      await place.apply("apiVersion: chat.sendsar.com/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\n");
      await place.kubectl("wait", "tenant/acme", "--for=condition=Ready", "--timeout=30s");
      expect(await place.kubectl("get", "tenants")).toMatch(
        /NAME +READY +REASON +MODE +PODS +ENDPOINT +AGE\nacme +True +Ready +Dedicated +2 /,
      );
      const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      expect(metrics).toContain('leader_election_master_status{name="sendsar-operator"} 1');
      expect(metrics).toContain('sendsar_operator_tenants{state="ready"} 1');

      const spans = () => traces.received.flatMap(toSpans);
      const names = [
        "reconcile Tenant",
        "stage database",
        "stage credentials",
        "stage settings",
        "stage gateway",
        "stage exposure",
      ];
      const complete = () => names.every((name) => spans().some((span) => span.name === name));
      expect(await waitUntil(complete, { limitMs: 15_000 })).toBe(true);
      const visit = spans().find(({ name }) => name === "reconcile Tenant");
      expect(visit?.attributes).toContainEqual({ key: "sendsar.tenant", value: { stringValue: `${namespace}/acme` } });
      const children_ = spans().filter(({ parentSpanId }) => parentSpanId === visit?.spanId);
      expect(children_.map(({ name }) => name)).toContain("stage database");

      const stoppedAt = performance.now();
      child.kill("SIGTERM");
      const { code, stdout, stderr } = await ended;
      // Nothing keeps it: no timer, no connection.
      expect(performance.now() - stoppedAt).toBeLessThan(5000);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain('"msg":"stopping"');
      const lease = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/sendsar-operator`;
      expect((await place.api.get<{ spec: { holderIdentity?: string } }>(lease)).spec.holderIdentity ?? "").toBe("");
      traces.close();
    },
  );

  test("who loses the leadership ends at once, with a code of its own (pitfall 11)", { timeout: 90_000 }, async () => {
    const { namespace } = place;
    const child = run([], {
      PATH: process.env["PATH"] ?? "",
      KUBECONFIG: place.adminKubeconfig,
      ADMIN_DATABASE_URL: registries.database.adminUrl,
      MASTER_KEY: registries.masterKey,
      GATEWAY_IMAGE: "registry.invalid/gateway:1",
      WATCH_NAMESPACES: namespace,
      POD_NAMESPACE: namespace,
      LEASE_NAME: "robbed",
      HEALTH_PORT: "0",
      METRICS_PORT: "0",
    });
    const ended = end(child);
    const lease = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/robbed`;
    expect(await waitUntil(async () => (await place.api.find(lease)) !== undefined, { limitMs: 40_000 })).toBe(true);
    await place.api.patch(lease, { spec: { holderIdentity: "another" } });
    const { code, stdout } = await ended;
    expect(code).toBe(3);
    expect(stdout).toContain("leadership lost, ending at once");
  });
});

interface Span {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly object[];
}

/** OTLP in JSON: https://opentelemetry.io/docs/specs/otlp/ */
const toSpans = (body: string): readonly Span[] =>
  (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(
    ({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans),
  );

const receiveTraces = async () => {
  const received: string[] = [];
  const server = createServer((request, response) => {
    text(request).then(
      (body) => {
        if (request.url === "/v1/traces") received.push(body);
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      },
      () => response.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
};
