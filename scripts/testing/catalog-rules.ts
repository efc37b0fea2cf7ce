/**
 * What every object of the schema must be like for tenants not to meet in the database. A rule is a query for what
 * breaks it, one text a row, read from the catalog: a table made tomorrow is judged like those of today. `$1` is the
 * login of a gateway.
 */
export const catalogRules = {
  "every table has tenant_id, text and not null": `
    select c.relname from tables c
    where not exists (
      select from pg_attribute a
      where a.attrelid = c.oid and a.attname = 'tenant_id' and a.atttypid = 'text'::regtype and a.attnotnull)`,

  "every table has row-level security, enabled and forced": `
    select c.relname from tables c where not (c.relrowsecurity and c.relforcerowsecurity)`,

  "every table has the policy that shows and accepts the rows of the tenant only": `
    select c.relname from tables c
    where not exists (
      select from pg_policy p
      where p.polrelid = c.oid and p.polcmd = '*' and p.polroles = '{0}'
        and pg_get_expr(p.polqual, c.oid) = '(tenant_id = current_setting(''sendsar.tenant_id''::text, true))'
        and pg_get_expr(p.polwithcheck, c.oid) = '(tenant_id = current_setting(''sendsar.tenant_id''::text, true))')`,

  // Permissive policies add up, so one more can undo the one above. These only read.
  "there is no other policy but those that are known": `
    select c.relname || '.' || p.polname from pg_policy p join pg_class c on c.oid = p.polrelid
    where p.polname <> 'tenant_isolation' and (c.relname, p.polname, p.polcmd, p.polroles::regrole[]::text,
        pg_get_expr(p.polqual, c.oid)) not in (
      ('api_keys', 'presented_key', 'r', '{-}',
        '(key_hash = decode(NULLIF(current_setting(''sendsar.key_hash''::text, true), ''''::text), ''hex''::text))'),
      ('tenants', 'provisioner_lists', 'r', '{sendsar_provisioner}', 'true'),
      ('events', 'log_readers', 'r', '{sendsar_gateway}', '(current_setting(''sendsar.tenant_id''::text, true) = ''*''::text)'),
      ('revocations', 'log_readers', 'r', '{sendsar_gateway}', '(current_setting(''sendsar.tenant_id''::text, true) = ''*''::text)'),
      ('uploads', 'clearing', 'r', '{sendsar_gateway}',
        '((current_setting(''sendsar.tenant_id''::text, true) = ''*''::text) AND (status = ''pending''::text))'),
      ('file_removals', 'clearing', 'r', '{sendsar_gateway}', '(current_setting(''sendsar.tenant_id''::text, true) = ''*''::text)'),
      ('rooms_to_clear', 'clearing', 'r', '{sendsar_gateway}', '(current_setting(''sendsar.tenant_id''::text, true) = ''*''::text)'))`,

  "every table has a primary key": `
    select c.relname from tables c
    where not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)`,

  "every primary key and every unique index begins with tenant_id": `
    select i.indexrelid::regclass::text from pg_index i join tables c on c.oid = i.indrelid
    where i.indisunique and i.indkey[0] is distinct from (
      select a.attnum from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')`,

  "every foreign key begins with tenant_id, on both sides": `
    select k.conname from pg_constraint k join tables c on c.oid = k.conrelid
    where k.contype = 'f' and (
      k.conkey[1] is distinct from (
        select a.attnum from pg_attribute a where a.attrelid = k.conrelid and a.attname = 'tenant_id')
      or k.confkey[1] is distinct from (
        select a.attnum from pg_attribute a where a.attrelid = k.confrelid and a.attname = 'tenant_id'))`,

  "there is no exclusion constraint, which would let tenants feel each other": `
    select k.conname from pg_constraint k join tables c on c.oid = k.conrelid where k.contype = 'x'`,

  "every view works with the rights of who asks": `
    select c.relname from relations c
    where c.relkind = 'v' and not coalesce('security_invoker=true' = any(c.reloptions), false)`,

  // Row-level security knows neither of them.
  "there are no materialized views and no foreign tables": `
    select c.relname from relations c where c.relkind in ('m', 'f')`,

  "there is no security definer function": `
    select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')`,

  "who serves has no special right on the server": `
    select r.rolname from roles r
    where r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication`,

  "who serves is a member of nothing but sendsar_gateway": `
    select r.rolname || ' in ' || m.roleid::regrole from pg_auth_members m join roles r on r.oid = m.member
    where m.roleid <> 'sendsar_gateway'::regrole or r.rolname <> $1 or m.admin_option`,

  "who serves owns nothing": `
    select r.rolname || ' owns ' || d.classid::regclass || ' ' || d.objid
    from pg_shdepend d join roles r on r.oid = d.refobjid
    where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o'
      and d.dbid in (0, (select oid from pg_database where datname = current_database()))`,

  "who serves may read and write rows, and nobody else may do anything": `
    select c.relname || ': ' || g.grantee::regrole || ' ' || lower(g.privilege_type)
    from relations c, aclexplode(c.relacl) g
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and g.grantee <> c.relowner and (
      g.grantee not in (select oid from roles) or g.is_grantable
      or g.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))`,

  "who serves creates nothing in any schema": `
    select n.nspname || ': ' || r.rolname from pg_namespace n, roles r
    where has_schema_privilege(r.oid, n.oid, 'create') and n.nspname !~ '^pg_(toast_)?temp'`,

  "a gateway changes neither credentials nor what a tenant is": `
    select t.name || ': ' || privilege
    from (values ('tenants'), ('api_keys'), ('tenant_secrets'), ('migrations')) t (name),
      unnest(array['insert', 'update', 'delete', 'truncate']) privilege
    where has_table_privilege('sendsar_gateway', 'sendsar.' || t.name, privilege)
    union all
    select c.relname || '.' || a.attname from relations c join pg_attribute a on a.attrelid = c.oid
    where c.relname in ('tenants', 'api_keys', 'tenant_secrets', 'migrations') and a.attnum > 0
      and not a.attisdropped and has_column_privilege('sendsar_gateway', c.oid, a.attnum, 'update')
      and (c.relname, a.attname) not in (
        ('tenants', 'settings'), ('tenants', 'sessions_valid_from'), ('tenants', 'updated_at'))`,

  "the log of events only ever grows": `
    select privilege from unnest(array['update', 'delete', 'truncate']) privilege
    where has_table_privilege('sendsar_gateway', 'sendsar.events', privilege)
    union all
    select a.attname from pg_attribute a
    where a.attrelid = 'sendsar.events'::regclass and a.attnum > 0 and not a.attisdropped
      and has_column_privilege('sendsar_gateway', a.attrelid, a.attnum, 'update')`,
} as const satisfies Readonly<Record<string, string>>;

export type CatalogRule = keyof typeof catalogRules;

/** The query of a rule: its answer has one column, `broken`. */
export const catalogQuery = (rule: CatalogRule): string => `
  with relations as (
    select * from pg_class where relnamespace = 'sendsar'::regnamespace
  ),
  -- The list of migrations belongs to no tenant.
  tables as (
    select * from relations where relkind in ('r', 'p') and relname <> 'migrations'
  ),
  roles as (
    select * from pg_roles where rolname in ('sendsar_gateway', 'sendsar_provisioner', $1)
  )
  select broken::text from (${catalogRules[rule]}) found (broken) order by 1`;
