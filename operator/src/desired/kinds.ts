import type {
  V1DeploymentSpec,
  V1IngressSpec,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1LabelSelector,
  V1PodDisruptionBudgetSpec,
  V1ServiceSpec,
  V2HorizontalPodAutoscalerSpec,
} from "@kubernetes/client-node";
import type { KubeObject, Resource } from "../kube/kube-object.ts";

/**
 * The kinds that a Tenant owns. Their types come from client-node where its names are those of the JSON; where it renames a
 * field (`from` is `_from` there), the type is written out here, because what we send is the object as it stands.
 */
export interface ServiceAccount extends KubeObject {
  readonly automountServiceAccountToken?: boolean;
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface Secret extends KubeObject {
  readonly type?: string;
  /** Values in base64. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface Deployment extends KubeObject {
  readonly spec: V1DeploymentSpec;
  /** What the operator reads of it; it never writes it. */
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly unavailableReplicas?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

export interface Service extends KubeObject {
  readonly spec: V1ServiceSpec;
}

export interface PodDisruptionBudget extends KubeObject {
  readonly spec: V1PodDisruptionBudgetSpec;
}

export interface HorizontalPodAutoscaler extends KubeObject {
  readonly spec: V2HorizontalPodAutoscalerSpec;
  readonly status?: {
    readonly currentReplicas?: number;
    readonly desiredReplicas?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

export interface NetworkPolicy extends KubeObject {
  readonly spec: {
    readonly podSelector: V1LabelSelector;
    readonly policyTypes: readonly ("Ingress" | "Egress")[];
    readonly ingress: readonly NetworkPolicyIngressRule[];
    readonly egress: readonly NetworkPolicyEgressRule[];
  };
}

/** Without `from`: from anywhere. */
export interface NetworkPolicyIngressRule {
  readonly from?: readonly V1NetworkPolicyPeer[];
  readonly ports?: readonly V1NetworkPolicyPort[];
}

/** Without `to`: to anywhere. */
export interface NetworkPolicyEgressRule {
  readonly to?: readonly V1NetworkPolicyPeer[];
  readonly ports?: readonly V1NetworkPolicyPort[];
}

export interface Ingress extends KubeObject {
  readonly spec: V1IngressSpec;
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
  };
}

/** https://gateway-api.sigs.k8s.io/reference/spec/#httproute */
export interface HttpRoute extends KubeObject {
  readonly spec: {
    readonly parentRefs: readonly ParentReference[];
    readonly hostnames: readonly string[];
    readonly rules: readonly HttpRouteRule[];
  };
  readonly status?: {
    readonly parents?: readonly {
      readonly parentRef: ParentReference;
      readonly conditions?: readonly {
        readonly type: string;
        readonly status: string;
        readonly reason?: string;
        readonly message?: string;
        readonly observedGeneration?: number;
      }[];
    }[];
  };
}

export interface ParentReference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

interface HttpRouteRule {
  readonly matches: readonly { readonly path: { readonly type: string; readonly value: string } }[];
  readonly backendRefs: readonly { readonly name: string; readonly port: number }[];
  readonly timeouts?: { readonly request?: string };
}

/** The objects of a Tenant, as the paths of the API name their kinds. */
export const resources = {
  serviceAccount: { apiVersion: "v1", kind: "ServiceAccount", plural: "serviceaccounts" } as Resource<ServiceAccount>,
  configMap: { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" } as Resource<ConfigMap>,
  secret: { apiVersion: "v1", kind: "Secret", plural: "secrets" } as Resource<Secret>,
  service: { apiVersion: "v1", kind: "Service", plural: "services" } as Resource<Service>,
  deployment: { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" } as Resource<Deployment>,
  podDisruptionBudget: {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
  } as Resource<PodDisruptionBudget>,
  horizontalPodAutoscaler: {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    plural: "horizontalpodautoscalers",
  } as Resource<HorizontalPodAutoscaler>,
  networkPolicy: {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
  } as Resource<NetworkPolicy>,
  ingress: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", plural: "ingresses" } as Resource<Ingress>,
  httpRoute: {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    plural: "httproutes",
  } as Resource<HttpRoute>,
} as const;
