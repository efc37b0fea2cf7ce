import type { ConditionDocs } from "./reason.ts";
import { nothingToDo } from "./reason.ts";

export const gatewayAvailable = {
  meaning: "As many gateways as the spec asks for run, ready, and as the spec wants them.",
  reasons: {
    Available: {
      status: ["True"],
      meaning: "They do. With an autoscaler its least number counts; with 0 replicas none runs.",
      advice: nothingToDo,
    },
    Progressing: {
      status: ["False", "Unknown"],
      meaning: "Gateways are being started or replaced. Those that are ready serve meanwhile.",
      advice: "Wait.",
    },
    RolloutQueued: {
      status: ["True"],
      meaning: "A change waits until gateways of other Tenants have been replaced. Those that run serve meanwhile.",
      advice: "Wait; the operator's `ROLLOUT_BUDGET` says how many Tenants are rolled at once.",
    },
    ProgressDeadlineExceeded: {
      status: ["False"],
      meaning: "New gateways did not become ready in time. Old ones serve on.",
      advice: "Look at the pods and their log, with the selector in `status.gateway.selector`.",
    },
    ImagePullBackOff: {
      status: ["False"],
      meaning: "The image of the gateway cannot be pulled.",
      advice: "Correct `spec.gateway.image`, or name a Secret in `spec.gateway.imagePullSecrets`.",
    },
    CrashLoopBackOff: {
      status: ["False"],
      meaning: "A gateway ends again and again soon after its start.",
      advice: "Read its log from before its end (`--previous`), with the selector in `status.gateway.selector`.",
    },
    Unschedulable: {
      status: ["False"],
      meaning: "No node takes a gateway; the message says why.",
      advice: "Make room, or change `resources`, `nodeSelector` or `tolerations`.",
    },
    ContainerConfigError: {
      status: ["False"],
      meaning: "A Secret or ConfigMap that a gateway needs is not there, or lacks a key.",
      advice: "Make what the message names; `spec.gateway.env` refers to it.",
    },
    InsufficientReplicas: {
      status: ["False"],
      meaning: "Fewer gateways are ready than there should be.",
      advice: "Look at the pods: whether a node has room for them, and why they are not ready.",
    },
  },
} as const satisfies ConditionDocs;

export const exposed = {
  meaning: "What leads clients to the gateways is there and accepted.",
  reasons: {
    Exposed: { status: ["True"], meaning: "It is.", advice: nothingToDo },
    NotRequested: {
      status: ["True"],
      meaning: "The spec asks for nothing: the Service can be reached inside the cluster.",
      advice: nothingToDo,
    },
    RouteNotAccepted: {
      status: ["False", "Unknown"],
      meaning: "A Gateway refused the route, or has not answered for it yet. The message is the Gateway's own.",
      advice:
        "Look at the Gateways in `spec.exposure.parentRefs`: whether they are there, allow routes of this namespace and have a listener for the host.",
    },
    NoAddress: {
      status: ["Unknown"],
      meaning: "The Ingress has no address yet.",
      advice: "Look whether a controller serves `spec.exposure.ingressClassName`.",
    },
    GatewayAPINotInstalled: {
      status: ["False"],
      meaning: "The cluster does not know HTTPRoutes.",
      advice: "Install Gateway API, or use `type: Ingress`.",
    },
  },
} as const satisfies ConditionDocs;

export const autoscalingActive = {
  meaning: "An autoscaler decides how many gateways run, by what the spec names. `Ready` does not depend on it.",
  reasons: {
    Active: { status: ["True"], meaning: "It does.", advice: nothingToDo },
    Disabled: {
      status: ["False"],
      meaning: "The spec asks for none; `spec.gateway.replicas` counts.",
      advice: nothingToDo,
    },
    Progressing: {
      status: ["Unknown"],
      meaning: "The autoscaler has not measured yet.",
      advice: nothingToDo,
    },
    CustomMetricsUnavailable: {
      status: ["False"],
      meaning: "The cluster serves no custom metrics, so the CPU decides instead of the connections.",
      advice: "Install an adapter that serves `chat_gateway_connections` in `custom.metrics.k8s.io`.",
    },
    ScalingFailed: {
      status: ["False"],
      meaning: "The autoscaler cannot read a metric or cannot scale, and leaves the number of gateways as it is.",
      advice: "Do what the message asks for; it is the autoscaler's own.",
    },
  },
} as const satisfies ConditionDocs;
