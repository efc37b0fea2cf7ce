import type { V1Secret } from "@kubernetes/client-node";
import type { Condition } from "../../../operator/src/tenant/conditions.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";

/** A Tenant as the API tells it, as far as tests look into it. */
export interface ShownTenant {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly tenantId?: string;
    readonly conditions?: readonly Condition[];
    readonly gateway?: { readonly readyReplicas?: number; readonly image?: string };
    readonly apiKey?: { readonly id?: string; readonly observedRotationToken?: string };
    readonly sessionKey?: { readonly retiring?: readonly object[] };
    readonly settings?: { readonly enforcedKeys?: readonly string[] };
  };
}

export const tenantsPath = (namespace: string, name = ""): string =>
  `/apis/chat.sendsar.com/v1alpha1/namespaces/${namespace}/tenants${name && `/${name}`}`;

/** True when the resource is Ready as its newest spec has it. */
export const isReady = ({ metadata, status }: ShownTenant): boolean =>
  status?.conditions?.some(
    ({ type, status: is, observedGeneration }) =>
      type === "Ready" && is === "True" && observedGeneration === metadata.generation,
  ) === true;

/** Waits until a Tenant is as the test wants it. Answers it, or throws with what it says of itself. */
export const waitForTenant = async (
  api: KubeApi,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  holds: (tenant: ShownTenant) => boolean,
  limitMs: number,
): Promise<ShownTenant> => {
  const path = tenantsPath(namespace, name);
  let tenant = await api.get<ShownTenant>(path);
  const look = async (): Promise<boolean> => holds((tenant = await api.get<ShownTenant>(path)));
  if (await waitUntil(look, { limitMs, everyMs: 100 })) return tenant;
  const conditions = (tenant.status?.conditions ?? []).map(
    ({ type, status, reason, message }) => `${type}=${status} ${reason} ${message}`,
  );
  throw new Error(`unable to wait for Tenant ${name}; after ${limitMs / 1000} s it says: ${conditions.join("\n")}`);
};

/** The values of a Secret, decoded; undefined when there is none. */
export const readSecret = async (
  api: KubeApi,
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> => {
  const secret = await api.find<V1Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`);
  if (!secret) return undefined;
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
};
