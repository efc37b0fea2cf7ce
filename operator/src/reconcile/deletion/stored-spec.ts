import type { Tenant } from "../../tenant/tenant.ts";

/** What a deletion reads of a spec. */
export interface StoredSpec {
  readonly deletionPolicy?: string;
  readonly database?: { readonly isolation?: string };
  readonly gateway?: { readonly drain?: { readonly endpointLagSeconds?: number; readonly spreadSeconds?: number } };
}

/** The spec as it is stored, which may be one that the schema of today would refuse: it can be deleted all the same. */
export const toStoredSpec = ({ spec }: { readonly spec?: Tenant["spec"] | undefined }): StoredSpec => spec ?? {};
