import type { V1Pod } from "@kubernetes/client-node";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";
import type { AnswerPath } from "./aggregated-api.ts";
import { openAggregatedApi, toStatus } from "./aggregated-api.ts";

/** What is measured of pods, as a test says. */
export interface MeasuredLoad {
  /** Open connections of a pod; undefined: not measured. */
  readonly connectionsOf: (pod: string) => number | undefined;
}

/** Serves `custom.metrics.k8s.io/v1beta2` with the one metric that gateways are scaled by, as an adapter for Prometheus does. */
export const serveConnections = (
  api: KubeApi,
  load: MeasuredLoad,
  isBroken: () => boolean = () => false,
): Promise<AsyncDisposable> => {
  const group = "custom.metrics.k8s.io";
  const version = "v1beta2";
  const metric = "chat_gateway_connections";
  const resource = {
    name: `pods/${metric}`,
    singularName: "",
    namespaced: true,
    kind: "MetricValueList",
    verbs: ["get"],
  };
  const answer: AnswerPath = async (pathname, searchParams) => {
    if (isBroken()) return toStatus(503, "ServiceUnavailable");
    if (pathname === `/apis/${group}/${version}`) return toKinds(`${group}/${version}`, resource);
    const namespace = new RegExp(`^/apis/${group}/${version}/namespaces/([^/]+)/pods/\\*/${metric}$`).exec(
      pathname,
    )?.[1];
    if (namespace === undefined) return undefined;
    const timestamp = new Date().toISOString();
    const items = (await listPods(api, namespace, searchParams)).flatMap(({ metadata: { name = "" } = {} }) => {
      const connections = load.connectionsOf(name);
      if (connections === undefined) return [];
      const describedObject = { kind: "Pod", namespace, name, apiVersion: "/v1" };
      return [{ describedObject, metric: { name: metric }, timestamp, windowSeconds: 60, value: String(connections) }];
    });
    return toList(`${group}/${version}`, "MetricValueList", items);
  };
  return openAggregatedApi({ api, group, version, answer });
};

/** Serves `metrics.k8s.io/v1beta1`, as metrics-server does: every pod uses so much of the CPU. */
export const serveCpu = (api: KubeApi, usage: string): Promise<AsyncDisposable> => {
  const group = "metrics.k8s.io";
  const version = "v1beta1";
  const resource = { name: "pods", singularName: "", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] };
  const answer: AnswerPath = async (pathname, searchParams) => {
    if (pathname === `/apis/${group}/${version}`) return toKinds(`${group}/${version}`, resource);
    const namespace = new RegExp(`^/apis/${group}/${version}/namespaces/([^/]+)/pods$`).exec(pathname)?.[1];
    if (namespace === undefined) return undefined;
    const timestamp = new Date().toISOString();
    const items = (await listPods(api, namespace, searchParams)).map(({ metadata, spec }) => ({
      metadata: { name: metadata?.name, namespace, creationTimestamp: timestamp, labels: metadata?.labels },
      timestamp,
      window: "1s",
      containers: spec?.containers.map(({ name }) => ({ name, usage: { cpu: usage, memory: "100Mi" } })),
    }));
    return toList(`${group}/${version}`, "PodMetricsList", items);
  };
  return openAggregatedApi({ api, group, version, answer });
};

const listPods = async (api: KubeApi, namespace: string, searchParams: URLSearchParams): Promise<readonly V1Pod[]> => {
  const selector = encodeURIComponent(searchParams.get("labelSelector") ?? "");
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`;
  return (await api.get<{ readonly items: readonly V1Pod[] }>(path)).items;
};

const toKinds = (groupVersion: string, resource: object) => ({
  status: 200,
  body: { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: [resource] },
});

const toList = (apiVersion: string, kind: string, items: readonly object[]) => ({
  status: 200,
  body: { kind, apiVersion, metadata: {}, items },
});
