import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The module that pins the programs. */
export const toolsDir = join(import.meta.dirname, "tools");

/** Every program of the test place, and the Go package that it is built from. */
export const toolPackages = {
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  kwok: "sigs.k8s.io/kwok/cmd/kwok",
} as const;

export type ToolName = keyof typeof toolPackages;

export const toolNames = Object.keys(toolPackages) as readonly ToolName[];

/** How they are built. The same pins and the same flags give the same `id`. */
export interface ToolBuild {
  readonly id: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of `go build`, before `-o` and the package. */
  readonly args: readonly string[];
}

/** Reads the pins. */
export const readToolBuild = async (): Promise<ToolBuild> => {
  const [mod, sum] = await Promise.all(["go.mod", "go.sum"].map((file) => readFile(join(toolsDir, file), "utf8")));
  const version = /^\tk8s\.io\/kubernetes (v1\.(\d+)\.\d+)/m.exec(mod ?? "");
  if (!version) throw new Error(`unable to read the version of Kubernetes; ${toolsDir}/go.mod requires none`);
  const [, gitVersion, gitMinor] = version;
  // Without them the server calls itself v0.0.0, and clients that compare versions refuse it.
  const stamps = { gitVersion, gitMajor: "1", gitMinor };
  const stampFlags = Object.entries(stamps).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  const args = ["-mod=readonly", "-trimpath", "-ldflags", ["-s", "-w", ...stampFlags].join(" ")];
  const env = { CGO_ENABLED: "0" };
  const hash = createHash("sha256");
  for (const part of [mod, sum, JSON.stringify({ args, env, toolPackages }), process.platform, process.arch]) {
    hash.update(`${part}\n`);
  }
  return { id: hash.digest("hex").slice(0, 16), env, args };
};
