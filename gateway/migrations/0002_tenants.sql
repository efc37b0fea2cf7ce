-- What changes: tenants, their API keys and their secrets.
-- Safe under old code: yes, nothing exists yet.  Locks: none.
--
-- Every table carries tenant_id as the first column of every key and one policy: a row is seen and written only while
-- the transaction's setting sendsar.tenant_id names its tenant. Without the setting there are no rows.

create table tenants (
  tenant_id text primary key check (tenant_id ~ '^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$'),
  name text not null check (length(name) between 1 and 80),
  status text not null default 'active' check (status in ('active', 'suspended')),
  -- Only what differs from the defaults of the contract, and keys that we do not know.
  settings jsonb not null default '{}',
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now()
);

-- A key is 256 random bits, so one SHA-256 is enough and a lookup costs a microsecond. The key itself is shown once.
create table api_keys (
  tenant_id text not null references tenants on delete cascade,
  key_id uuid not null,
  key_hash bytea not null check (length(key_hash) = 32),
  -- Last characters, so that a person can tell keys apart.
  hint text not null,
  created_at timestamptz(3) not null default now(),
  -- Set when a newer key replaced this one: it works until then.
  expires_at timestamptz(3),
  primary key (tenant_id, key_id),
  unique (tenant_id, key_hash)
);
create index api_keys_by_hash on api_keys (key_hash);

-- Secrets that must be read back (to sign): AES-256-GCM, bound to tenant, kind and id, so that a row copied to another
-- tenant does not decrypt. master_key_id says which master key sealed it.
create table tenant_secrets (
  tenant_id text not null references tenants on delete cascade,
  kind text not null check (kind in ('session_key', 'webhook_secret')),
  secret_id uuid not null,
  sealed bytea not null,
  master_key_id text not null,
  created_at timestamptz(3) not null default now(),
  -- Set when a newer secret replaced this one: what it signed is accepted until then.
  expires_at timestamptz(3),
  primary key (tenant_id, kind, secret_id)
);

alter table tenants enable row level security, force row level security;
alter table api_keys enable row level security, force row level security;
alter table tenant_secrets enable row level security, force row level security;

create policy tenant_isolation on tenants
  using (tenant_id = current_setting('sendsar.tenant_id', true))
  with check (tenant_id = current_setting('sendsar.tenant_id', true));
create policy tenant_isolation on api_keys
  using (tenant_id = current_setting('sendsar.tenant_id', true))
  with check (tenant_id = current_setting('sendsar.tenant_id', true));
create policy tenant_isolation on tenant_secrets
  using (tenant_id = current_setting('sendsar.tenant_id', true))
  with check (tenant_id = current_setting('sendsar.tenant_id', true));

-- Whose key is this? Asked before a tenant is known: whoever presents the hash sees the one row that has it.
create policy presented_key on api_keys for select
  using (key_hash = decode(nullif(current_setting('sendsar.key_hash', true), ''), 'hex'));

create policy provisioner_lists on tenants for select to sendsar_provisioner using (true);

grant select on tenants, api_keys, tenant_secrets to sendsar_gateway;
grant update (settings, updated_at) on tenants to sendsar_gateway;
grant select, insert, update, delete on tenants, api_keys, tenant_secrets to sendsar_provisioner;
