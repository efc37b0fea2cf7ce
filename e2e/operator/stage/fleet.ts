import { waitUntil } from "../../../scripts/process/wait.ts";
import type { FaultProxy, RecordedCall } from "../../../scripts/testing/kube/fault-proxy.ts";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";
import type { ShownTenant } from "./tenants.ts";
import { isReady, tenantsPath } from "./tenants.ts";
import type { World } from "./world.ts";

type Place = Pick<World, "kube" | "namespace">;

const parallel = 16;

/** Makes Tenants, with the same spec. */
export const createTenants = async (
  { kube, namespace }: Place,
  names: readonly string[],
  spec: object = {},
): Promise<void> => {
  const left = [...names];
  const work = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      await kube.api.post(tenantsPath(namespace), {
        apiVersion: "chat.sendsar.com/v1alpha1",
        kind: "Tenant",
        metadata: { name },
        spec,
      });
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
};

/**
 * Waits until there are so many Tenants and each is Ready as its newest spec has it. Answers the milliseconds that took; throws,
 * naming some. It watches: to list a large fleet again and again would take the processor from those who work on it.
 */
export const waitForFleet = async ({ kube, namespace }: Place, count: number, limitMs: number): Promise<number> => {
  const startedAt = performance.now();
  const path = tenantsPath(namespace);
  const { items, metadata } = await kube.api.get<TenantList>(path);
  const seen = new Map(items.map((tenant) => [tenant.metadata.name, tenant]));
  const waiting = (): readonly ShownTenant[] => [...seen.values()].filter((tenant) => !isReady(tenant));
  const isWhole = (): boolean => seen.size === count && waiting().length === 0;
  if (isWhole()) return performance.now() - startedAt;
  const signal = AbortSignal.timeout(limitMs);
  try {
    const events = kube.api.watch<ShownTenant>(`${path}?resourceVersion=${metadata.resourceVersion}`, signal);
    for await (const { type, object } of events) {
      if (type === "DELETED") seen.delete(object.metadata.name);
      else seen.set(object.metadata.name, object);
      if (isWhole()) return performance.now() - startedAt;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const reasons = waiting()
    .slice(0, 3)
    .map(({ metadata: { name }, status }) => {
      const failing = status?.conditions?.filter(({ status: is }) => is !== "True") ?? [];
      return `${name}: ${failing.map(({ type, reason, message }) => `${type} ${reason} ${message}`).join("; ")}`;
    });
  throw new Error(`unable to wait; ${waiting().length} of ${count} Tenants are not Ready: ${reasons.join("\n")}`);
};

interface TenantList {
  readonly items: readonly ShownTenant[];
  readonly metadata: { readonly resourceVersion: string };
}

/** Writes but those to the Lease, which the leader renews for ever. */
export const writesIn = (proxy: FaultProxy): readonly RecordedCall[] =>
  proxy.writes(({ resource }) => resource !== "leases");

/** Waits until nothing was written for `quietMs`. */
export const waitForQuiet = async (proxy: FaultProxy, quietMs: number, limitMs: number): Promise<void> => {
  let count = writesIn(proxy).length;
  let since = performance.now();
  const quiet = await waitUntil(
    () => {
      const now = writesIn(proxy).length;
      if (now !== count) since = performance.now();
      count = now;
      return performance.now() - since >= quietMs;
    },
    { limitMs, everyMs: 50 },
  );
  if (quiet) return;
  const last = writesIn(proxy).slice(-5);
  throw new Error(
    `unable to wait for quiet; last written: ${last.map(({ verb, path }) => `${verb} ${path}`).join(", ")}`,
  );
};

/** An object that a Tenant owns. */
export interface OwnedObject {
  readonly path: string;
  readonly plural: string;
  readonly object: {
    readonly metadata: {
      readonly name: string;
      readonly uid: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly spec?: object;
    readonly data?: object;
  };
}

/** Where the kinds are that Tenants own. */
export const ownedKinds = {
  secrets: "/api/v1",
  configmaps: "/api/v1",
  serviceaccounts: "/api/v1",
  services: "/api/v1",
  deployments: "/apis/apps/v1",
  poddisruptionbudgets: "/apis/policy/v1",
  horizontalpodautoscalers: "/apis/autoscaling/v2",
  networkpolicies: "/apis/networking.k8s.io/v1",
  ingresses: "/apis/networking.k8s.io/v1",
} as const;

/** Everything that a Tenant owns at this moment. */
export const listOwned = async (api: KubeApi, namespace: string, tenant: string): Promise<readonly OwnedObject[]> => {
  const selector = encodeURIComponent(`chat.sendsar.com/tenant=${tenant}`);
  const lists = await Promise.all(
    Object.entries(ownedKinds).map(async ([plural, group]) => {
      const path = `${group}/namespaces/${namespace}/${plural}`;
      const { items } = await api.get<{ items: OwnedObject["object"][] }>(`${path}?labelSelector=${selector}`);
      return items.map((object) => ({ path: `${path}/${object.metadata.name}`, plural, object }));
    }),
  );
  return lists.flat();
};

/** What must be the same after trouble as before: labels, annotations, and what is wanted; not who made it and when. */
export const contentOf = ({ path, plural, object }: OwnedObject): string => {
  const { labels, annotations = {} } = object.metadata;
  // A deleted key cannot come back: its Secret holds another one, and tells of that one.
  const isSecret = plural === "secrets";
  const data = isSecret ? Object.keys(object.data ?? {}).toSorted() : object.data;
  const spec = { ...object.spec };
  // Given by the cluster, anew for a new Service.
  for (const given of ["clusterIP", "clusterIPs"]) delete (spec as Record<string, unknown>)[given];
  const ours = isSecret ? [] : Object.entries(annotations).filter(([name]) => name.includes("sendsar.com"));
  return JSON.stringify({ path, labels, annotations: ours, data, spec });
};
