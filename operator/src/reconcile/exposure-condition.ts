import type { HttpRoute, Ingress, ParentReference } from "../desired/kinds.ts";
import { isAsleep } from "../desired/replicas.ts";
import type { ConditionUpdate } from "../tenant/conditions.ts";
import type { Tenant } from "../tenant/tenant.ts";

export interface ExposureFindings {
  /** Does the cluster serve the kind that is wanted? */
  readonly served: boolean;
  readonly object: HttpRoute | Ingress | undefined;
}

/** `Exposed`, as the controller of the route or the Ingress says; pure. */
export const toExposed = (tenant: Tenant, { served, object }: ExposureFindings): ConditionUpdate<"Exposed"> => ({
  type: "Exposed",
  ...toExposure(tenant, served, object),
});

type Exposure = Omit<ConditionUpdate<"Exposed">, "type">;

const toExposure = (tenant: Tenant, served: boolean, object: HttpRoute | Ingress | undefined): Exposure => {
  if (tenant.spec.exposure.type === "None") {
    return { status: "True", reason: "NotRequested", message: "The Service is reached from within the cluster only." };
  }
  if ((tenant.spec.exposure.hosts ?? []).length === 0) {
    return { status: "False", reason: "Refused", message: "Every host of the spec belongs to another Tenant." };
  }
  if (isAsleep(tenant))
    return { status: "False", reason: "Suspended", message: "Nothing leads to a suspended tenant." };
  if (!served) {
    const message =
      "The cluster does not serve gateway.networking.k8s.io/v1 HTTPRoute; install Gateway API, or use an Ingress.";
    return { status: "False", reason: "GatewayAPINotInstalled", message };
  }
  if (!object)
    return { status: "Unknown", reason: "WaitingForDatabase", message: "There is no gateway to lead to yet." };
  return isRoute(object) ? toRouteExposure(object) : toIngressExposure(object);
};

const isRoute = (object: HttpRoute | Ingress): object is HttpRoute => object.kind === "HTTPRoute";

/** Every Gateway that the route names must have taken it. */
const toRouteExposure = ({ metadata, spec, status }: HttpRoute): Exposure => {
  for (const parent of spec.parentRefs) {
    const said = (status?.parents ?? []).filter(({ parentRef }) => isSameParent(parentRef, parent, metadata.namespace));
    const conditions = said.flatMap((one) => one.conditions ?? []);
    const current = conditions.filter(({ observedGeneration = 0 }) => observedGeneration >= (metadata.generation ?? 0));
    const refused = current.find(({ type, status: value }) => routeConditions.has(type) && value === "False");
    if (refused) {
      const message = `Gateway ${parent.name}: ${refused.message ?? ""} (${refused.reason ?? refused.type})`;
      return { status: "False", reason: "RouteNotAccepted", message };
    }
    if (!current.some(({ type, status: value }) => type === "Accepted" && value === "True")) {
      const message = `Gateway ${parent.name} has not answered for the route yet.`;
      return { status: "Unknown", reason: "RouteNotAccepted", message };
    }
  }
  return { status: "True", reason: "Exposed", message: "Every Gateway has accepted the route." };
};

/** https://gateway-api.sigs.k8s.io/geps/gep-1364/ */
const routeConditions: ReadonlySet<string> = new Set(["Accepted", "ResolvedRefs"]);

const isSameParent = (one: ParentReference, other: ParentReference, namespace: string | undefined): boolean =>
  one.name === other.name &&
  (one.namespace ?? namespace) === (other.namespace ?? namespace) &&
  one.sectionName === other.sectionName &&
  one.port === other.port;

const toIngressExposure = ({ status }: Ingress): Exposure =>
  (status?.loadBalancer?.ingress ?? []).length > 0
    ? { status: "True", reason: "Exposed", message: "The Ingress has an address." }
    : {
        status: "Unknown",
        reason: "NoAddress",
        message: "The ingress controller has not given the Ingress an address yet.",
      };
