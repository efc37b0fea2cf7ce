-- What changes: files.
-- Safe under old code: yes, tables are added.  Locks: none.

-- pending -> completed -> gone, or pending -> gone. With the row go its links; its bytes follow through file_removals.
create table uploads (
  tenant_id text not null references tenants on delete cascade,
  upload_id uuid not null,
  -- Whose it is; null for one of the backend, and when the user was deleted.
  user_id text,
  room_id uuid,
  filename text not null,
  -- Announced while pending, found out once completed; without parameters.
  media_type text not null,
  status text not null check (status in ('pending', 'completed')),
  -- Announced while pending, counted once completed.
  size_bytes bigint not null check (size_bytes > 0),
  -- Where the store keeps the bytes once completed. Until then clients put them at '_incoming/<tenant_id>/<upload_id>'.
  object_key text,
  created_at timestamptz(3) not null default now(),
  primary key (tenant_id, upload_id),
  check ((status = 'completed') = (object_key is not null))
);
-- For whoever clears up: what was never completed. Not by tenant: it is one look for all.
create index uploads_pending on uploads (created_at) where status = 'pending';
-- Unfinished uploads of one user are bounded; and what a deleted user leaves is found. Not to be entered by tenant_id, as
-- messages_by_id.
create index uploads_by_user on uploads (user_id, status, tenant_id);

-- Which messages have the file: who may read one of them may read it.
create table upload_uses (
  tenant_id text not null,
  upload_id uuid not null,
  room_id uuid not null,
  message_id uuid not null,
  primary key (tenant_id, upload_id, room_id, message_id),
  foreign key (tenant_id, upload_id) references uploads on delete cascade,
  foreign key (tenant_id, room_id) references rooms on delete cascade
);
create index upload_uses_by_message on upload_uses (message_id, tenant_id);
create index upload_uses_by_room on upload_uses (room_id, tenant_id);

-- Objects that the store is to remove, not before due_at. Written by the transaction that makes them garbage, so none is
-- forgotten. Rows outlive their tenant, so that a deleted tenant's files go too.
create table file_removals (
  tenant_id text not null,
  object_key text not null,
  due_at timestamptz(3) not null,
  primary key (tenant_id, object_key)
);
create index file_removals_due on file_removals (due_at);

-- What a tenant's files take, kept in step with uploads by the statements that change those.
create table storage_usage (
  tenant_id text primary key references tenants on delete cascade,
  bytes_used bigint not null default 0 check (bytes_used >= 0),
  file_count bigint not null default 0 check (file_count >= 0),
  pending_bytes bigint not null default 0 check (pending_bytes >= 0)
);

do $$
declare
  name text;
begin
  foreach name in array array['uploads', 'upload_uses', 'file_removals', 'storage_usage'] loop
    execute format('alter table %I enable row level security, force row level security', name);
    execute format(
      'create policy tenant_isolation on %I
         using (tenant_id = current_setting(''sendsar.tenant_id'', true))
         with check (tenant_id = current_setting(''sendsar.tenant_id'', true))',
      name
    );
  end loop;
end
$$;

-- Finds work of all tenants; does it in the context of each.
create policy clearing on uploads for select to sendsar_gateway
  using (current_setting('sendsar.tenant_id', true) = '*' and status = 'pending');
create policy clearing on file_removals for select to sendsar_gateway
  using (current_setting('sendsar.tenant_id', true) = '*');

grant select, insert, update, delete on uploads, upload_uses, file_removals, storage_usage to sendsar_gateway;
grant select, delete on uploads, upload_uses, storage_usage to sendsar_provisioner;
grant select, insert, update on file_removals to sendsar_provisioner;
