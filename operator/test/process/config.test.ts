import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ConfigError, operatorVariables, readOperatorConfig } from "../../src/config.ts";

const needed = {
  ADMIN_DATABASE_URL: "postgres://admin:pw@db.example:6432/sendsar",
  MASTER_KEY: randomBytes(32).toString("base64"),
  GATEWAY_IMAGE: "registry.example/gateway:1",
};

describe("the operator's configuration", () => {
  test("needs three variables and no more", () => {
    const config = readOperatorConfig({}, needed);
    expect(config).toMatchObject({
      watchNamespaces: [],
      watchSecrets: true,
      maxConcurrentReconciles: 8,
      rolloutBudget: 5,
      resyncSeconds: 600,
      dryRun: false,
      leaderElection: { enabled: true, namespace: "default", name: "sendsar-operator" },
    });
    expect(config.tracing).toBeUndefined();
    expect(config.desired.networkPolicy).toMatchObject({ databaseHost: "db.example", databasePort: 6432 });
    for (const name of Object.keys(needed)) {
      expect(() => readOperatorConfig({}, { ...needed, [name]: "" })).toThrow(`${name}: is not set`);
    }
  });

  test("reads lists by commas and JSON, and the host that pods reach the database at", () => {
    const { desired, watchNamespaces, gatewayDatabaseHost } = readOperatorConfig(
      {},
      {
        ...needed,
        WATCH_NAMESPACES: "a, b",
        GATEWAY_IMAGE_PULL_SECRETS: "pull",
        GATEWAY_ENVIRONMENT: '{"LOG_LEVEL":"warn"}',
        GATEWAY_DATABASE_HOST: "[fd00::1]:5433",
        NETWORK_POLICY_PUBLIC_FROM: '[{"namespaceSelector":{}}]',
      },
    );
    expect(watchNamespaces).toEqual(["a", "b"]);
    expect(desired).toMatchObject({ imagePullSecrets: [{ name: "pull" }], gatewayEnvironment: { LOG_LEVEL: "warn" } });
    expect(gatewayDatabaseHost).toBe("[fd00::1]:5433");
    expect(desired.networkPolicy).toMatchObject({
      databaseHost: "fd00::1",
      databasePort: 5433,
      publicFrom: [{ namespaceSelector: {} }],
    });
    expect(readOperatorConfig({}, { ...needed, NETWORK_POLICY: "off" }).desired.networkPolicy).toBeUndefined();
  });

  test("a dry run stands for no election, and its flag wins over the environment", () => {
    const config = readOperatorConfig({ DRY_RUN: "on" }, { ...needed, DRY_RUN: "off" });
    expect(config).toMatchObject({ dryRun: true, leaderElection: { enabled: false } });
  });

  test("traces need an endpoint", () => {
    const config = readOperatorConfig(
      {},
      { ...needed, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector:4318/v1/traces" },
    );
    expect(config.tracing).toEqual({ serviceName: "sendsar-operator" });
  });

  test.each([
    ["GATEWAY_ENVIRONMENT", "{"],
    ["GATEWAY_ENVIRONMENT", '{"a b":"c"}'],
    ["NETWORK_POLICY_PUBLIC_FROM", "{}"],
    ["GATEWAY_DATABASE_HOST", "db.example"],
    ["WATCH_NAMESPACES", "Not_A_Name"],
    ["MAX_CONCURRENT_RECONCILES", "0"],
    ["RESYNC_SECONDS", "1"],
    ["LEADER_ELECTION", "maybe"],
    ["MASTER_KEY", "c2hvcnQ="],
  ])("%s=%s is refused by name, and no value of a secret is told", (name, value) => {
    const read = () => readOperatorConfig({}, { ...needed, [name]: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(name);
    if (name === "MASTER_KEY") expect(read).not.toThrow(value);
  });

  test("every variable has a sentence", () => {
    for (const [name, { sentence }] of Object.entries(operatorVariables)) expect(sentence, name).toMatch(/^[^]*\.$/);
  });
});
