import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { V1PolicyRule } from "@kubernetes/client-node";
import { parse } from "yaml";
import { projectDir } from "../../../scripts/start/home.ts";
import type { KubePlace } from "../../../scripts/testing/kube/describe-kube.ts";
import type { FaultProxy } from "../../../scripts/testing/kube/fault-proxy.ts";
import { openFaultProxy } from "../../../scripts/testing/kube/fault-proxy.ts";
import { loginOf } from "../../../scripts/testing/kube/service-account.ts";
import { readOperatorConfig } from "../../src/config.ts";
import { loadKubeAccess } from "../../src/kube/kube-config.ts";
import { createRealClock } from "../../src/kube/real-clock.ts";
import type { Operator } from "../../src/operator.ts";
import { createOperator } from "../../src/operator.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import type { Tracing } from "../../src/telemetry/tracing.ts";
import { noTracing } from "../../src/telemetry/tracing.ts";

/** An operator in this process, with just the rights of `operator/rbac`, behind a proxy that records its calls. */
export interface TestOperator extends AsyncDisposable {
  readonly operator: Operator;
  readonly proxy: FaultProxy;
  /** JSON lines. */
  readonly logged: readonly string[];
  /** Why it would have ended its process. */
  readonly lost: readonly string[];
}

export interface TestOperatorOptions {
  readonly name?: string;
  readonly database: { readonly adminUrl: string; readonly masterKey: string };
  readonly env?: Readonly<Record<string, string>>;
  readonly tracing?: Tracing;
}

/** Runs one in the namespace of the place; it leads when this resolves. */
export const startTestOperator = async (
  place: KubePlace,
  { name = "operator", database, env = {}, tracing = noTracing }: TestOperatorOptions,
): Promise<TestOperator> => {
  const { namespace } = place;
  await using parts = new AsyncDisposableStack();
  const proxy = parts.use(await openFaultProxy(place));
  await place.createLogin(name, { rules: await readOperatorRules() });
  const login = await loginOf(place.api, proxy, { namespace, name });
  const config = readOperatorConfig(
    {},
    {
      ADMIN_DATABASE_URL: database.adminUrl,
      MASTER_KEY: database.masterKey,
      GATEWAY_IMAGE: "registry.invalid/gateway:1",
      GATEWAY_MIN_READY_SECONDS: "0",
      WATCH_NAMESPACES: namespace,
      POD_NAMESPACE: namespace,
      POD_NAME: name,
      HEALTH_PORT: "0",
      METRICS_PORT: "0",
      LOG_LEVEL: "debug",
      ...env,
    },
  );
  const logged: string[] = [];
  const lost: string[] = [];
  const operator = parts.use(
    await createOperator(config, {
      access: loadKubeAccess(createRealClock(), login),
      logger: createLogger(config.logLevel, { write: (line) => void logged.push(line) }),
      tracing,
      onLost: (reason) => void lost.push(reason),
    }),
  );
  const owned = parts.move();
  return { operator, proxy, logged, lost, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
};

/** The rules of all roles: the operator of a test has them in its namespace only, its Lease's included. */
export const readOperatorRules = async (): Promise<V1PolicyRule[]> => {
  const roles = ["cluster", "namespace", "watch-secrets", "deletion-cost", "leader"];
  const files = roles.map((role) => join(projectDir, "operator/rbac", `${role}-role.yaml`));
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return texts.flatMap((text) => (parse(text) as { readonly rules: V1PolicyRule[] }).rules);
};
