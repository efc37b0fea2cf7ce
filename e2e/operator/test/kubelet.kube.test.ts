import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive } from "../../../scripts/process/processes.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { createNamespace, describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { runKubectl } from "../../../scripts/testing/kube/kubectl.ts";
import type { Kube } from "../../../scripts/testing/kube/start-kube.ts";
import { startKube } from "../../../scripts/testing/kube/start-kube.ts";
import type { Kubelet } from "../kubelet/start-kubelet.ts";
import { startKubelet } from "../kubelet/start-kubelet.ts";
import { openService } from "../service.ts";

describeWithKube("the test kubelet", () => {
  let parts: AsyncDisposableStack;
  let kube: Kube;
  let kubelet: Kubelet;
  let logsDir: string;
  const namespace = "web";
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    logsDir = await mkdtemp(join(tmpdir(), "sendsar-kubelet-"));
    parts.defer(() => rm(logsDir, { recursive: true, force: true }));
    kube = parts.use(await startKube({ fakeNodes: 0 }));
    const script = join(import.meta.dirname, "web-fixture.ts");
    const scriptOf = (image: string): string | undefined => (image === "web:1" ? script : undefined);
    kubelet = parts.use(await startKubelet({ api: kube.api, logsDir, scriptOf, nodeName: "here" }));
    await createNamespace(kube.api, namespace);
    const data = { PORT: "3001" };
    await kube.api.post(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: "port" }, data });
  });
  afterAll(() => parts.disposeAsync());

  const kubectl = (args: readonly string[], input = ""): Promise<string> =>
    runKubectl({ kubeconfig: kube.adminKubeconfig, args: ["-n", namespace, ...args], input });
  const apply = (...objects: readonly object[]): Promise<string> =>
    kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  const podsOf = async (app: string): Promise<V1Pod[]> =>
    (await kube.api.get<{ items: V1Pod[] }>(`/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${app}`)).items;
  const waitFor = async (app: string, what: (pod: V1Pod) => boolean): Promise<V1Pod> => {
    let found: V1Pod | undefined;
    await waitUntil(async () => (found = (await podsOf(app)).find(what)) !== undefined, { limitMs: 30_000 });
    if (!found)
      throw new Error(`unable to wait for ${app}; ${JSON.stringify((await podsOf(app)).map((p) => p.status))}`);
    return found;
  };

  test("resolves the environment, and a Service leads to pods that are ready, in turn", async () => {
    await apply(
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { COLOUR: "green", PORT: "1" } },
      { apiVersion: "v1", kind: "Secret", metadata: { name: "keys" }, stringData: { key: "s3cret" } },
      deployment("env", {
        replicas: 2,
        container: {
          envFrom: [{ configMapRef: { name: "settings" } }],
          env: [
            { name: "PORT", value: "3001" },
            { name: "KEY", valueFrom: { secretKeyRef: { name: "keys", key: "key" } } },
            { name: "ME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
            { name: "BOTH", value: "$(COLOUR)-$(ME)-$$(ME)" },
            { name: "MAYBE", valueFrom: { secretKeyRef: { name: "none", key: "key", optional: true } } },
          ],
        },
      }),
      service("env"),
    );
    await kubectl(["rollout", "status", "deployment/env", "--timeout=20s"]);
    await using open = await openService(kube.api, { namespace, name: "env", portName: "http" });
    const answers = await waitForTwo(() => fetchJson(open.origin));
    const names = (await podsOf("env")).map(({ metadata }) => metadata?.name ?? "").toSorted();
    expect(answers.map(({ ME = "" }) => ME).toSorted()).toEqual(names);
    for (const env of answers) {
      expect(env).toMatchObject({ COLOUR: "green", PORT: "3001", KEY: "s3cret", BOTH: `green-${env["ME"]}-$(ME)` });
      expect(env).not.toHaveProperty("MAYBE");
    }
  });

  test("a deleted pod serves through preStop, has its SIGTERM, and is replaced", async () => {
    const lifecycle = { preStop: { sleep: { seconds: 2 } } };
    await apply(deployment("drain", { container: { lifecycle } }), service("drain"));
    const pod = await waitFor("drain", isReady);
    const name = pod.metadata?.name ?? "";
    const pid = kubelet.pidOf(namespace, name) ?? 0;
    const startedAt = performance.now();
    await kubectl(["delete", "pod", name, "--wait=false"]);
    await waitFor("drain", (one) => one.metadata?.name !== name && isReady(one));
    expect(await waitUntil(() => !isAlive(pid), { limitMs: 10_000 })).toBe(true);
    expect(performance.now() - startedAt).toBeGreaterThan(1950);
    expect(await readFile(join(logsDir, `${name}.log`), "utf8")).toMatch(/^goodbye after \d+ ms$/m);
    const gone = async (): Promise<boolean> => (await podsOf("drain")).every(({ metadata }) => metadata?.name !== name);
    expect(await waitUntil(gone, { limitMs: 10_000 })).toBe(true);
  });

  test("a process that ends is started again, and one that fails its liveness probe too; both are counted", async () => {
    const livenessProbe = { httpGet: { path: "/well", port: 3001 }, periodSeconds: 1, failureThreshold: 1 };
    await apply(deployment("ill", { container: { livenessProbe } }), service("ill"));
    await waitFor("ill", isReady);
    await using open = await openService(kube.api, { namespace, name: "ill", portName: "http" });
    expect(await waitUntil(() => isOk(open.origin), { limitMs: 10_000 })).toBe(true);
    await fetch(`${open.origin}/crash`).catch(() => undefined);
    await waitFor("ill", (pod) => restartsOf(pod) === 1 && isReady(pod));
    expect(await waitUntil(() => isOk(`${open.origin}/ill`), { limitMs: 10_000 })).toBe(true);
    const pod = await waitFor("ill", (one) => restartsOf(one) === 2 && isReady(one));
    expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(0);
  });

  test("says why a pod does not start, and starts it when it can", async () => {
    const reasonOf = ({ status }: V1Pod): string | undefined => status?.containerStatuses?.[0]?.state?.waiting?.reason;
    const env = [{ name: "KEY", valueFrom: { secretKeyRef: { name: "late", key: "key" } } }];
    await apply(deployment("late", { container: { env } }), deployment("missing", { container: { image: "none:1" } }));
    await waitFor("missing", (pod) => reasonOf(pod) === "ImagePullBackOff");
    await waitFor("late", (pod) => reasonOf(pod) === "CreateContainerConfigError");
    await kubectl(["create", "secret", "generic", "late", "--from-literal=key=now"]);
    await waitFor("late", isReady);
  });
});

const deployment = (
  name: string,
  { replicas = 1, container = {} }: { replicas?: number; container?: object },
): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name: "web",
            image: "web:1",
            ports: [{ name: "http", containerPort: 3001 }],
            startupProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1, failureThreshold: 20 },
            readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1 },
            envFrom: [{ configMapRef: { name: "port" } }],
            ...container,
          },
        ],
      },
    },
  },
});

const service = (name: string): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
});

const isReady = ({ status, metadata }: V1Pod): boolean =>
  !metadata?.deletionTimestamp &&
  status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;

const restartsOf = ({ status }: V1Pod): number | undefined => status?.containerStatuses?.[0]?.restartCount;

const isOk = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

const fetchJson = async (url: string): Promise<Record<string, string>> => {
  // Each call on a connection of its own.
  const response = await fetch(url, { headers: { connection: "close" } });
  return (await response.json()) as Record<string, string>;
};

const waitForTwo = async (ask: () => Promise<Record<string, string>>): Promise<Record<string, string>[]> => {
  const byName = new Map<string, Record<string, string>>();
  await waitUntil(
    async () => {
      const env = await ask().catch(() => undefined);
      if (env) byName.set(env["ME"] ?? "", env);
      return byName.size === 2;
    },
    { limitMs: 10_000 },
  );
  return [...byName.values()];
};
