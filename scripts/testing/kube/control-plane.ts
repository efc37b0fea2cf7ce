import { join } from "node:path";
import type { ToolName } from "./tool-build.ts";

/** What the programs of a cluster have to know of each other. All servers listen on 127.0.0.1. */
export interface Layout {
  readonly dir: string;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly apiPort: number;
}

/** Files in the folder of a cluster. */
export const layoutFile = {
  ca: "ca.crt",
  serverCertificate: "server.crt",
  serverKey: "server.key",
  tokenKey: "tokens.key",
  tokenPublicKey: "tokens.pub",
  frontProxyCa: "front-proxy-ca.crt",
  frontProxyCertificate: "front-proxy.crt",
  frontProxyKey: "front-proxy.key",
  admin: "admin.kubeconfig",
  controllerManager: "controller-manager.kubeconfig",
  scheduler: "scheduler.kubeconfig",
} as const;

/** The common name under which the API server calls API servers behind it. */
export const frontProxyName = "front-proxy";

// The programs behind the API server are made to wait for big clusters; with their own limits a test waits for nothing.
const eagerClient = ["--kube-api-qps=2000", "--kube-api-burst=4000"];

/** The command line of a program. */
export const argsOf = (name: ToolName, layout: Layout): readonly string[] => {
  const file = (key: keyof typeof layoutFile): string => `${layout.dir}/${layoutFile[key]}`;
  const etcdUrl = `http://127.0.0.1:${layout.etcdPort}`;
  switch (name) {
    case "etcd":
      return [
        `--data-dir=${layout.dir}/etcd`,
        `--listen-client-urls=${etcdUrl}`,
        `--advertise-client-urls=${etcdUrl}`,
        `--listen-peer-urls=http://127.0.0.1:${layout.etcdPeerPort}`,
        // What is thrown away at the end need not reach the disk.
        "--unsafe-no-fsync",
        "--log-level=warn",
      ];
    case "kube-apiserver":
      return [
        `--etcd-servers=${etcdUrl}`,
        "--bind-address=127.0.0.1",
        `--secure-port=${layout.apiPort}`,
        `--tls-cert-file=${file("serverCertificate")}`,
        `--tls-private-key-file=${file("serverKey")}`,
        `--client-ca-file=${file("ca")}`,
        `--service-account-key-file=${file("tokenPublicKey")}`,
        `--service-account-signing-key-file=${file("tokenKey")}`,
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=Node,RBAC",
        // Room for the Services of thousands of tenants.
        "--service-cluster-ip-range=10.96.0.0/16",
        "--endpoint-reconciler-type=none",
        // How it tells API servers that stand behind it (APIService) who asks.
        `--requestheader-client-ca-file=${file("frontProxyCa")}`,
        `--requestheader-allowed-names=${frontProxyName}`,
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        `--proxy-client-cert-file=${file("frontProxyCertificate")}`,
        `--proxy-client-key-file=${file("frontProxyKey")}`,
        "--profiling=false",
      ];
    case "kube-controller-manager":
      return [
        `--kubeconfig=${file("controllerManager")}`,
        `--service-account-private-key-file=${file("tokenKey")}`,
        `--root-ca-file=${file("ca")}`,
        "--leader-elect=false",
        "--secure-port=0",
        // Each controller with the rights of its own account, as everywhere.
        "--use-service-account-credentials",
        // A node whose heartbeat is late because the machine is busy is no broken node.
        "--node-monitor-grace-period=1h",
        "--horizontal-pod-autoscaler-sync-period=1s",
        ...eagerClient,
      ];
    case "kube-scheduler":
      return [`--kubeconfig=${file("scheduler")}`, "--leader-elect=false", "--secure-port=0", ...eagerClient];
    case "kwok":
      return [
        `--kubeconfig=${file("admin")}`,
        `--config=${join(import.meta.dirname, "kwok-stages.yaml")}`,
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--server-address=",
        "--cidr=10.128.0.0/16",
      ];
  }
};
