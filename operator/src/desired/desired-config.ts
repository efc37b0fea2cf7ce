import type { V1NetworkPolicyPeer } from "@kubernetes/client-node";
import type { Tenant } from "../tenant/tenant.ts";
import type { NetworkPolicyEgressRule } from "./kinds.ts";

/** All that the objects of a Tenant are made of: the same input gives the same objects, to the letter. */
export interface DesiredInput {
  readonly tenant: Tenant;
  /** Of the spec, or the one that was derived for it. */
  readonly tenantId: string;
  /** Which login is in the database Secret: pods are rolled when it changes. */
  readonly loginId: string;
  /** Does the cluster serve `custom.metrics.k8s.io`? Without it the autoscaler has the CPU alone. */
  readonly customMetricsServed: boolean;
  readonly config: DesiredConfig;
}

/** What the operator's own configuration says about every Tenant's objects. */
export interface DesiredConfig {
  /** Runs the gateway as its entry point; best by digest. A Tenant may name another. */
  readonly gatewayImage: string;
  /** Secrets to pull it with, in the Tenant's namespace. */
  readonly imagePullSecrets: readonly { readonly name: string }[];
  /**
   * Environment of every gateway that is neither secret nor a Tenant's: `LOG_LEVEL`, `TRUSTED_PROXIES`, where files are kept.
   * What the operator sets itself is stronger.
   */
  readonly gatewayEnvironment: Readonly<Record<string, string>>;
  /** How long a pod must be ready before the rollout goes on. */
  readonly minReadySeconds: number;
  /** Absent: no network policies are made. */
  readonly networkPolicy?: NetworkPolicyConfig;
}

export interface NetworkPolicyConfig {
  /** Where pods reach Postgres. A name is not something a policy can hold: the port is then open to any address. */
  readonly databaseHost: string;
  readonly databasePort: number;
  /** Who may open the public port: the cluster's edge. Everybody when empty. */
  readonly publicFrom: readonly V1NetworkPolicyPeer[];
  /** Who may open the admin port: what scrapes metrics. Nobody but the node's kubelet when empty. */
  readonly adminFrom: readonly V1NetworkPolicyPeer[];
  /** What else gateways must reach: a Redis, a file store inside the cluster, a collector of traces. */
  readonly extraEgress: readonly NetworkPolicyEgressRule[];
}
