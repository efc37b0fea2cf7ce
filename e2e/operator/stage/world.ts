import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildOperator } from "../../../operator/build.ts";
import { projectDir } from "../../../scripts/start/home.ts";
import { createNamespace } from "../../../scripts/testing/kube/describe-kube.ts";
import type { FaultProxy } from "../../../scripts/testing/kube/fault-proxy.ts";
import { openFaultProxy } from "../../../scripts/testing/kube/fault-proxy.ts";
import { installCrds } from "../../../scripts/testing/kube/install-crds.ts";
import { runKubectl } from "../../../scripts/testing/kube/kubectl.ts";
import { loginOf } from "../../../scripts/testing/kube/service-account.ts";
import type { Kube } from "../../../scripts/testing/kube/start-kube.ts";
import { startKube } from "../../../scripts/testing/kube/start-kube.ts";
import type { OwnPostgres } from "../../../scripts/testing/own-postgres.ts";
import { startOwnPostgres } from "../../../scripts/testing/own-postgres.ts";
import type { Kubelet } from "../kubelet/start-kubelet.ts";
import { startKubelet } from "../kubelet/start-kubelet.ts";
import { bindRoles } from "./rbac.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { startOperatorProcess } from "./operator-process.ts";

/** A cluster with our kinds and rights in it, a Postgres, and operators that reach the API through a proxy. */
export interface World extends AsyncDisposable {
  readonly kube: Kube;
  readonly database: OwnPostgres;
  readonly proxy: FaultProxy;
  /** Where Tenants are made. */
  readonly namespace: string;
  readonly masterKey: string;
  /** Undefined in a world where kwok plays the nodes. */
  readonly kubelet: Kubelet | undefined;
  /** Where pods' logs are. */
  readonly logsDir: string;
  /** Real kubectl as the admin, in `namespace`. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** An operator with the rights of its role and no more. Through another proxy, where it is to have faults of its own. */
  startOperator(options?: OperatorOptions): Promise<OperatorProcess>;
}

export interface OperatorOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly proxy?: FaultProxy;
}

export interface WorldOptions {
  /** `processes`: pods are real gateways on this machine. `kwok`: pods are ready at once, and nothing runs. */
  readonly pods: "processes" | "kwok";
}

/** Images that can be had: both are the gateway of this checkout, so that a new one can be rolled out. */
export const gatewayImages = ["registry.invalid/gateway:1", "registry.invalid/gateway:2"] as const;

const operatorAccount = { namespace: "sendsar-system", name: "sendsar-operator" };
const namespace = "chat";

/** Starts everything but the operator. */
export const startWorld = async ({ pods }: WorldOptions): Promise<World> => {
  await using parts = new AsyncDisposableStack();
  const logsDir = await mkdtemp(join(tmpdir(), "sendsar-operator-"));
  parts.defer(() => rm(logsDir, { recursive: true, force: true }));
  const isReal = pods === "processes";
  const [kube, database] = await Promise.all([
    startKube({ fakeNodes: isReal ? 0 : 3 }).then((started) => parts.use(started)),
    startOwnPostgres({ max_connections: "400" }).then((started) => parts.use(started)),
  ]);
  const { api, adminKubeconfig } = kube;
  const kubectl = (args: readonly string[], input?: string): Promise<string> =>
    runKubectl({
      kubeconfig: adminKubeconfig,
      args: ["--namespace", namespace, ...args],
      ...(input === undefined ? {} : { input }),
    });
  await Promise.all([
    installCrds(api),
    createNamespace(api, namespace),
    createNamespace(api, operatorAccount.namespace).then(() => bindRoles(api, operatorAccount)),
  ]);
  const builtDir = join(logsDir, "operator");
  await buildOperator(builtDir);
  const script = join(projectDir, "gateway/src/main.ts");
  const scriptOf = (image: string): string | undefined =>
    (gatewayImages as readonly string[]).includes(image) ? script : undefined;
  const kubelet = isReal ? parts.use(await startKubelet({ api, logsDir, scriptOf, nodeName: "here" })) : undefined;
  const proxy = parts.use(await openFaultProxy(kube));
  const masterKey = randomBytes(32).toString("base64");

  const startOperator = async ({ env = {}, proxy: through = proxy }: OperatorOptions = {}): Promise<OperatorProcess> =>
    startOperatorProcess(builtDir, {
      KUBECONFIG: await loginOf(api, through, operatorAccount),
      POD_NAMESPACE: operatorAccount.namespace,
      ADMIN_DATABASE_URL: database.adminUrl,
      MASTER_KEY: masterKey,
      GATEWAY_IMAGE: gatewayImages[0],
      GATEWAY_ENVIRONMENT: JSON.stringify({ RATE_LIMITS: "off", LOG_LEVEL: "info" }),
      GATEWAY_MIN_READY_SECONDS: "0",
      LOG_LEVEL: "debug",
      ...env,
    });
  const running = parts.move();
  return {
    kube,
    database,
    proxy,
    namespace,
    masterKey,
    kubelet,
    logsDir,
    kubectl,
    startOperator,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
