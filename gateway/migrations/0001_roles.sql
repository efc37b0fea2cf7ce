-- What changes: the schema and the two roles that work on it.
-- Safe under old code: yes, nothing exists yet.  Locks: none.
--
-- sendsar_gateway      what a chat server may do: read and write rows of the tenant whose context is set
-- sendsar_provisioner  what creates and removes tenants and their credentials
-- Neither can log in, owns anything, or bypasses row-level security; login roles are members of one of them.

do $$
begin
  if not exists (select from pg_roles where rolname = 'sendsar_gateway') then
    create role sendsar_gateway nologin nosuperuser nobypassrls nocreaterole nocreatedb;
  end if;
  if not exists (select from pg_roles where rolname = 'sendsar_provisioner') then
    create role sendsar_provisioner nologin nosuperuser nobypassrls nocreaterole nocreatedb;
  end if;
exception
  -- Roles belong to the whole server: two databases migrated at the same moment may race here.
  when duplicate_object or unique_violation then null;
end
$$;

revoke create on schema public from public;
grant usage on schema sendsar to sendsar_gateway, sendsar_provisioner;
-- Gateways compare this with what they were built for and refuse to start on another schema.
grant select on migrations to sendsar_gateway;
-- Whoever migrates may also provision.
grant sendsar_provisioner to current_user;
