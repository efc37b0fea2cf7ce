-- What changes: answers to calls with an Idempotency-Key are kept for a day.
-- Safe under old code: yes, a table is added.  Locks: none.

create table idempotency_keys (
  tenant_id text not null references tenants on delete cascade,
  -- The user whose session called; empty for the backend.
  caller text not null,
  idempotency_key text not null,
  -- SHA-256 of the request: the same key with another one is a mistake.
  fingerprint bytea not null check (length(fingerprint) = 32),
  -- Null while the call is under way.
  status integer,
  body json,
  -- When the call began that has the key. It tells that call apart from one that takes the key over.
  created_at timestamptz(3) not null default now(),
  primary key (tenant_id, caller, idempotency_key)
);
-- For whoever clears up: a tenant's own calls do.
create index idempotency_keys_by_age on idempotency_keys (tenant_id, created_at);

alter table idempotency_keys enable row level security, force row level security;
create policy tenant_isolation on idempotency_keys
  using (tenant_id = current_setting('sendsar.tenant_id', true))
  with check (tenant_id = current_setting('sendsar.tenant_id', true));

grant select, insert, update, delete on idempotency_keys to sendsar_gateway;
grant select, delete on idempotency_keys to sendsar_provisioner;
