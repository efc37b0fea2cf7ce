import type { V1ResourceRequirements } from "@kubernetes/client-node";
import type { Tenant } from "../tenant/tenant.ts";
import { toBytes } from "./quantity.ts";

/**
 * What an idle gateway takes and a little more, where the Tenant asks for nothing: the scheduler must know something of the
 * pod, and an autoscaler by CPU measures against the request.
 */
const leastRequests = { cpu: "100m", memory: "192Mi" } as const;

/** The share of the memory limit that V8's heap may take; buffers, sockets and the stack live in the rest. */
const heapShare = 0.75;

/** The resources of a gateway: the Tenant's, with a request where it has neither request nor limit. */
export const toResources = (tenant: Tenant): V1ResourceRequirements => {
  const { requests, limits } = tenant.spec.gateway.resources;
  const unasked = Object.entries(leastRequests).filter(([name]) => limits?.[name] === undefined);
  return {
    ...toQuantities("requests", { ...Object.fromEntries(unasked), ...requests }),
    ...toQuantities("limits", limits ?? {}),
  };
};

/** `NODE_OPTIONS` for a memory limit, so that the process collects garbage before the kernel ends it; undefined without one. */
export const toNodeOptions = (tenant: Tenant): string | undefined => {
  const limit = tenant.spec.gateway.resources.limits?.["memory"];
  const bytes = limit === undefined ? undefined : toBytes(limit);
  return bytes ? `--max-old-space-size=${Math.max(1, Math.floor((bytes * heapShare) / 2 ** 20))}` : undefined;
};

/** Quantities are texts in the API; a resource may have been written as a number. The server keeps no empty list of them. */
const toQuantities = <Name extends "requests" | "limits">(
  name: Name,
  quantities: Readonly<Record<string, string | number>>,
): { readonly [name in Name]?: Record<string, string> } => {
  const texts = Object.entries(quantities).map(([resource, quantity]) => [resource, String(quantity)]);
  return (texts.length > 0 ? { [name]: Object.fromEntries(texts) } : {}) as { [name in Name]?: Record<string, string> };
};
