-- What changes: gateways that serve one tenant only log in with a role of their own, which sees that tenant's rows and no others.
-- Safe under old code: yes, a role and a table are added, and policies that bind nobody but members of the new role.
-- Locks: every table for an instant.
--
-- sendsar_bound_gateway   what a gateway of one tenant may do: the same as sendsar_gateway, within the tenant of its login
--
-- The tenant's context is what the client says, and who takes over a gateway can say anything. So the context does not
-- decide here: a row is there for a bound login only while its tenant_id is the one that the login is bound to, which follows
-- from session_user and which no statement of the login can change. Restrictive policies are and-ed to all others.
--
-- The role has the grants of sendsar_gateway as its own and is no member of it: a member could become it by SET ROLE, and
-- these policies would no longer be meant for it.

do $$
begin
  if not exists (select from pg_roles where rolname = 'sendsar_bound_gateway') then
    create role sendsar_bound_gateway nologin nosuperuser nobypassrls nocreaterole nocreatedb;
  end if;
exception
  -- Roles belong to the whole server: two databases migrated at the same moment may race here.
  when duplicate_object or unique_violation then null;
end
$$;

grant usage on schema sendsar to sendsar_bound_gateway;

create table gateway_logins (
  tenant_id text not null references tenants on delete cascade,
  login name not null,
  -- SHA-256 of a random password: tells whether another one was given.
  password_hash bytea not null check (length(password_hash) = 32),
  created_at timestamptz(3) not null default now(),
  primary key (tenant_id, login)
);
create index gateway_logins_by_login on gateway_logins (login);

alter table gateway_logins enable row level security, force row level security;
create policy tenant_isolation on gateway_logins
  using (tenant_id = current_setting('sendsar.tenant_id', true))
  with check (tenant_id = current_setting('sendsar.tenant_id', true));
-- A login sees its own row and no other one, whatever the context: from it follows what it is bound to.
create policy own_login on gateway_logins for select to sendsar_bound_gateway using (login = session_user);
create policy bound_tenant on gateway_logins as restrictive to sendsar_bound_gateway
  using (login = session_user) with check (login = session_user);
grant select, insert, update, delete on gateway_logins to sendsar_provisioner;
grant select (tenant_id, login) on gateway_logins to sendsar_bound_gateway;

-- The query is asked once for a statement and not for every row, because it names none of the row's columns; and not in a
-- function, whose call would cost more than all else here.
-- No plain equation, because of two the planner makes one: from `tenant_id = x` here and `tenant_id = current_setting(…)` of
-- tenant_isolation follows `x = current_setting(…)`, which it then looks at once, before the first row, and it compares the rows
-- with the setting alone. A statement that changes the setting on its way would see the rest.
-- And nothing that an index can be searched by, so that every statement has the plan that it has for other gateways: taken for
-- a second condition on tenant_id it made the planner read all participants of a tenant for each batch of messages.
do $$
declare
  relation record;
  granted record;
begin
  for relation in
    select c.oid, c.relname, c.relacl from pg_class c
    where c.relnamespace = 'sendsar'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'gateway_logins'
    order by c.relname
  loop
    -- The list of migrations belongs to no tenant.
    if relation.relname <> 'migrations' then
      execute format(
        'create policy bound_tenant on %I as restrictive to sendsar_bound_gateway
           using (coalesce(tenant_id = any (array(select tenant_id from gateway_logins where login = session_user)), false))
           with check (coalesce(tenant_id = any (array(select tenant_id from gateway_logins where login = session_user)), false))',
        relation.relname
      );
    end if;
    for granted in
      select privilege_type, null as attname from aclexplode(relation.relacl) where grantee = 'sendsar_gateway'::regrole
      union all
      select g.privilege_type, a.attname from pg_attribute a, aclexplode(a.attacl) g
      where a.attrelid = relation.oid and g.grantee = 'sendsar_gateway'::regrole
    loop
      execute format(
        'grant %s%s on %I to sendsar_bound_gateway',
        granted.privilege_type, '(' || quote_ident(granted.attname) || ')', relation.relname
      );
    end loop;
  end loop;
end
$$;
