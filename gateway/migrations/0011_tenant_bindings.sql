-- What changes: which Tenant resource has a tenant, and under which leadership operators write.
-- Safe under old code: yes, tables and functions are added that it does not know.  Locks: none.

-- At most one resource of Kubernetes has a tenant; this row decides which. It outlives the resource where the data is kept
-- (retained_at), and it is the first that a resource writes and the last that it removes.
create table tenant_bindings (
  tenant_id text primary key check (tenant_id ~ '^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$'),
  namespace text not null check (length(namespace) between 1 and 63),
  name text not null check (length(name) between 1 and 253),
  uid text not null check (length(uid) between 1 and 64),
  -- Where the tenant has a database of its own; null: its rows are in this one.
  database_name text check (length(database_name) between 1 and 63),
  created_at timestamptz(3) not null default now(),
  -- Since when the data is kept without a resource.
  retained_at timestamptz(3)
);

-- One row for the whole deployment, so that who writes for any tenant under a new leadership shuts the one before out of
-- all of them. '*' can be no tenant.
create table operator_fence (
  tenant_id text primary key check (tenant_id = '*'),
  -- The highest leadership that anything was written under.
  fence bigint not null
);

do $$
declare
  name text;
begin
  foreach name in array array['tenant_bindings', 'operator_fence'] loop
    execute format('alter table %I enable row level security, force row level security', name);
    execute format(
      'create policy tenant_isolation on %I
         using (tenant_id = current_setting(''sendsar.tenant_id'', true))
         with check (tenant_id = current_setting(''sendsar.tenant_id'', true))',
      name
    );
  end loop;
  perform set_config('sendsar.tenant_id', '*', true);
  insert into operator_fence (tenant_id, fence) values ('*', 0);
  perform set_config('sendsar.tenant_id', '', true);
end
$$;

create policy provisioner_lists on tenant_bindings for select to sendsar_provisioner using (true);

grant select, insert, update, delete on tenant_bindings to sendsar_provisioner;
grant select, update on operator_fence to sendsar_provisioner;
-- Operators compare it with what they were built for, as gateways do.
grant select on migrations to sendsar_provisioner;

-- Until the transaction ends nobody writes under a newer leadership, and if somebody has, it fails: who raises the number
-- waits for those who hold it. Raised first and held after, because two that held it could not raise it.
create function hold_fence(leadership bigint) returns void language plpgsql as $$
declare
  context text := coalesce(current_setting('sendsar.tenant_id', true), '');
  held bigint;
begin
  perform set_config('sendsar.tenant_id', '*', true);
  update sendsar.operator_fence set fence = leadership where tenant_id = '*' and fence < leadership;
  select fence into held from sendsar.operator_fence where tenant_id = '*' for share;
  if held is null then
    raise exception 'the fence is not there';
  end if;
  if held <> leadership then
    raise exception 'leadership % is over, % has written', leadership, held using errcode = 'SF001';
  end if;
  perform set_config('sendsar.tenant_id', context, true);
end
$$;

-- Until the transaction ends the tenant stays bound to this resource; if it is not, it fails.
create function hold_binding(tenant text, to_namespace text, to_name text, to_uid text) returns void
language plpgsql as $$
begin
  perform from sendsar.tenant_bindings
  where tenant_id = tenant and namespace = to_namespace and name = to_name and uid = to_uid and retained_at is null
  for share;
  if not found then
    raise exception 'the tenant is bound to another resource, or to none' using errcode = 'SF002';
  end if;
end
$$;

revoke execute on function hold_fence, hold_binding from public;
grant execute on function hold_fence, hold_binding to sendsar_provisioner;
