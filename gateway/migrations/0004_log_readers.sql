-- What changes: how gateways read the log across tenants, and the table of what was revoked.
-- Safe under old code: yes, an index is replaced and a policy and a table are added.
-- Locks: building the index blocks writes to events; on a large table build it by hand first, concurrently.
--
-- Every gateway asks about once a second what has been committed since it last asked: which rooms moved, whose
-- membership changed, what was revoked. It asks for all tenants at once, in a context that is no tenant ('*' can be
-- none), and gets to see these two tables only.

drop index events_in_order;
create index events_by_transaction on events (txid, position);
create policy log_readers on events for select to sendsar_gateway
  using (current_setting('sendsar.tenant_id', true) = '*');

-- Credentials that ended before their time: sockets that were let in with one are cut. Rows outlive their tenant, so
-- that its sockets are cut when it is deleted; they are removed after a day, when no session can be that old.
create table revocations (
  tenant_id text not null,
  revocation_id uuid not null,
  -- Whose sockets: all of the tenant, or those of one user.
  user_id text,
  reason text not null check (reason in ('tenant_suspended', 'tenant_deleted', 'user_deactivated', 'sessions_revoked')),
  txid xid8 not null default pg_current_xact_id(),
  created_at timestamptz(3) not null default now(),
  primary key (tenant_id, revocation_id)
);
create index revocations_by_transaction on revocations (txid);
create index revocations_by_age on revocations (created_at);

alter table revocations enable row level security, force row level security;
create policy tenant_isolation on revocations
  using (tenant_id = current_setting('sendsar.tenant_id', true))
  with check (tenant_id = current_setting('sendsar.tenant_id', true));
create policy log_readers on revocations for select to sendsar_gateway
  using (current_setting('sendsar.tenant_id', true) = '*');

grant select, insert, delete on revocations to sendsar_gateway, sendsar_provisioner;
