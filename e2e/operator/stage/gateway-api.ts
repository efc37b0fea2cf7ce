import { installCrd } from "../../../scripts/testing/kube/install-crds.ts";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";

const group = "gateway.networking.k8s.io";

/** Makes a cluster serve HTTPRoutes. Its schema takes anything: what is tested with it is who calls for what, not the schema. */
export const installRouteKind = async (api: KubeApi): Promise<void> => {
  await installCrd(api, {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `httproutes.${group}`,
      // The API server asks for it of everybody who makes kinds in a group of Kubernetes' own.
      annotations: { "api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/2997" },
    },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind: "HTTPRoute", plural: "httproutes", singular: "httproute" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: anything },
        },
      ],
    },
  });
};

/** As it stands on the wire; the library's type calls the field otherwise. */
const anything: object = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
