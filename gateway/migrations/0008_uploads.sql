-- What changes: files.
-- Safe under old code: yes, tables are added.  Locks: none.

-- pending -> completed -> deleted, or pending -> deleted. A deleted one waits for its object to be removed from the store;
-- then the row goes.
create table uploads (
  tenant_id text not null references tenants on delete cascade,
  upload_id uuid not null,
  -- Whose it is; null for one of the backend.
  user_id text,
  room_id uuid,
  filename text not null,
  media_type text not null,
  status text not null check (status in ('pending', 'completed', 'deleted')),
  -- Announced while pending, counted once completed.
  size_bytes bigint not null check (size_bytes > 0),
  created_at timestamptz(3) not null default now(),
  primary key (tenant_id, upload_id)
);
-- For whoever clears up: what was never completed, and what is to be removed. Not by tenant: it is one look for all.
create index uploads_to_clear on uploads (status, created_at) where status <> 'completed';

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
create index upload_uses_by_message on upload_uses (tenant_id, message_id);

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
  foreach name in array array['uploads', 'upload_uses', 'storage_usage'] loop
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
  using (current_setting('sendsar.tenant_id', true) = '*' and status <> 'completed');

grant select, insert, update, delete on uploads, upload_uses, storage_usage to sendsar_gateway;
grant select, delete on uploads, upload_uses, storage_usage to sendsar_provisioner;
