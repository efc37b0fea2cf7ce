import { KubeError } from "../../kube/kube-error.ts";
import { tenantFinalizer } from "../../tenant/annotations.ts";
import { tenants } from "../../tenant/tenant-resource.ts";
import type { Tenant } from "../../tenant/tenant.ts";
import type { ReconcileDeps } from "../deps.ts";
import { toRef } from "../owned-objects.ts";

/** The field manager of the finalizer, and of nothing else. */
export const finalizerManager = "sendsar-operator/finalizer";

export const hasFinalizer = ({ metadata }: Tenant): boolean => metadata.finalizers?.includes(tenantFinalizer) ?? false;

/** Before anything of a Tenant is made: from now on it does not go without having been taken down. Answers it as it is then. */
export const ensureFinalizer = async (deps: Pick<ReconcileDeps, "client">, tenant: Tenant): Promise<Tenant> =>
  hasFinalizer(tenant) ? tenant : await writeFinalizers(deps, tenant, [...listOf(tenant), tenantFinalizer]);

/**
 * Lets the object go. Only as it was when the deletion looked at it: a change in between answers 409, and those of others are
 * kept. That it is gone already is what is wanted.
 */
export const removeFinalizer = async (deps: Pick<ReconcileDeps, "client">, tenant: Tenant): Promise<void> => {
  try {
    await writeFinalizers(
      deps,
      tenant,
      listOf(tenant).filter((finalizer) => finalizer !== tenantFinalizer),
    );
  } catch (error) {
    if (!(error instanceof KubeError && error.status === 404)) throw error;
  }
};

/** A merge patch replaces the whole list, hence the resourceVersion. */
const writeFinalizers = ({ client }: Pick<ReconcileDeps, "client">, tenant: Tenant, finalizers: readonly string[]) => {
  const { name, uid, resourceVersion } = tenant.metadata;
  return client.patch(
    tenants,
    toRef(tenant, name),
    { metadata: { uid, resourceVersion, finalizers } },
    { manager: finalizerManager },
  );
};

const listOf = ({ metadata }: Tenant): readonly string[] => metadata.finalizers ?? [];
