import type { Db, Statement } from "./db.ts";
import type { BindingRow, TenantBinding } from "./tenant-bindings.ts";
import { toBinding } from "./tenant-bindings.ts";
import type { TenantStatus } from "./tenants.ts";

type Json = Readonly<Record<string, unknown>>;

/** A credential without what is secret about it. */
export interface CredentialRecord {
  readonly id: string;
  readonly createdAt: string;
  /** Until when it works; absent while it has no successor. */
  readonly expiresAt?: string;
}

/** What the database has of a tenant. Credentials newest first, those that are over included. */
export interface StoredTenant {
  readonly name: string;
  readonly status: TenantStatus;
  readonly managedSettings: Json;
  readonly quotas: Json;
  readonly apiKeys: readonly CredentialRecord[];
  readonly webhookSecrets: readonly CredentialRecord[];
  readonly sessionKeys: readonly CredentialRecord[];
}

export interface TenantLookup {
  readonly tenant?: StoredTenant;
  readonly binding?: TenantBinding;
  /** The database's clock. */
  readonly databaseTime: string;
}

/** All that is known of a tenant, read at one moment. Takes the role of the provisioner. */
export const lookUpTenant = async (db: Db, tenantId: string): Promise<TenantLookup> => {
  const [row] = await db.query<LookupRow>(tenantId, selectTenant, [tenantId]);
  if (!row) throw new Error(`unable to look up tenant ${tenantId}; the statement answered nothing`);
  return {
    databaseTime: row.database_time,
    ...(row.uid !== null && { binding: toBinding({ ...row, uid: row.uid }) }),
    ...(row.status !== null && {
      tenant: {
        name: row.tenant_name,
        status: row.status,
        managedSettings: row.managed_settings,
        quotas: row.quotas,
        apiKeys: row.api_keys.map(toCredential),
        webhookSecrets: row.webhook_secrets.map(toCredential),
        sessionKeys: row.session_keys.map(toCredential),
      },
    }),
  };
};

interface CredentialRow {
  readonly id: string;
  readonly created_at: string;
  readonly expires_at: string | null;
}

interface LookupRow extends Omit<BindingRow, "uid"> {
  readonly uid: string | null;
  readonly tenant_name: string;
  readonly status: TenantStatus | null;
  readonly managed_settings: Json;
  readonly quotas: Json;
  readonly api_keys: readonly CredentialRow[];
  readonly webhook_secrets: readonly CredentialRow[];
  readonly session_keys: readonly CredentialRow[];
  readonly database_time: string;
}

// Inside JSON a time is text as the server writes it.
const toCredential = ({ id, created_at, expires_at }: CredentialRow): CredentialRecord => ({
  id,
  createdAt: new Date(created_at).toISOString(),
  ...(expires_at !== null && { expiresAt: new Date(expires_at).toISOString() }),
});

const credentialsOf = (rows: string, id: string): string => `
      (select coalesce(json_agg(json_build_object('id', ${id}, 'created_at', created_at, 'expires_at', expires_at)
          order by expires_at desc nulls first, created_at desc, ${id}), '[]')
       from ${rows})`;

const selectTenant: Statement = {
  name: "look-up-tenant",
  text: `
    select b.namespace, b.name as resource_name, b.uid, b.database_name, b.retained_at,
      t.name as tenant_name, t.status, t.managed_settings, t.quotas,
      ${credentialsOf("api_keys where tenant_id = $1", "key_id")} as api_keys,
      ${credentialsOf("tenant_secrets where tenant_id = $1 and kind = 'webhook_secret'", "secret_id")} as webhook_secrets,
      ${credentialsOf("tenant_secrets where tenant_id = $1 and kind = 'session_key'", "secret_id")} as session_keys,
      clock_timestamp() as database_time
    from (select $1::text as tenant_id) it
    left join tenants t using (tenant_id)
    left join tenant_bindings b using (tenant_id)`,
};
