/** As Postgres writes it, without its line breaks and whatever the search path adds. */
const plainText = (expression: string): string =>
  `regexp_replace(replace(pg_get_expr(${expression}, c.oid), 'sendsar.', ''), '\\s+', ' ', 'g')`;

const boundCondition =
  "'COALESCE((tenant_id = ANY (ARRAY( SELECT gateway_logins.tenant_id FROM gateway_logins WHERE (gateway_logins.login = SESSION_USER)))), false)'";

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
      where p.polrelid = c.oid and p.polpermissive and p.polcmd = '*' and p.polroles = '{0}'
        and pg_get_expr(p.polqual, c.oid) = '(tenant_id = current_setting(''sendsar.tenant_id''::text, true))'
        and pg_get_expr(p.polwithcheck, c.oid) = '(tenant_id = current_setting(''sendsar.tenant_id''::text, true))')`,

  // For the gateways of one tenant, whose login may not be believed what it says of its context.
  "every table has the policy that binds the gateways of one tenant to its rows": `
    select c.relname from tables c,
      lateral (select case when c.relname = 'gateway_logins' then '(login = SESSION_USER)'
        else ${boundCondition} end) expected (condition)
    where not exists (
      select from pg_policy p
      where p.polrelid = c.oid and not p.polpermissive and p.polcmd = '*'
        and p.polroles = array['sendsar_bound_gateway'::regrole::oid]
        and ${plainText("p.polqual")} = expected.condition and ${plainText("p.polwithcheck")} = expected.condition)`,

  // Permissive policies add up, so one more can undo those above. These only read.
  "there is no other policy but those that are known": `
    select c.relname || '.' || p.polname from pg_policy p join pg_class c on c.oid = p.polrelid
    where p.polname not in ('tenant_isolation', 'bound_tenant') and (c.relname, p.polname, p.polcmd, p.polroles::regrole[]::text,
        pg_get_expr(p.polqual, c.oid)) not in (
      ('api_keys', 'presented_key', 'r', '{-}',
        '(key_hash = decode(NULLIF(current_setting(''sendsar.key_hash''::text, true), ''''::text), ''hex''::text))'),
      ('tenants', 'provisioner_lists', 'r', '{sendsar_provisioner}', 'true'),
      ('tenant_bindings', 'provisioner_lists', 'r', '{sendsar_provisioner}', 'true'),
      ('gateway_logins', 'own_login', 'r', '{sendsar_bound_gateway}', '(login = SESSION_USER)'),
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

  "who serves is a member of nothing but sendsar_gateway, or of nothing but sendsar_bound_gateway": `
    select r.rolname || ' in ' || m.roleid::regrole from pg_auth_members m join roles r on r.oid = m.member
    where m.admin_option or m.roleid <> case
      when r.rolname = $1 then 'sendsar_gateway'::regrole
      when r.rolname in (select login from sendsar.gateway_logins) then 'sendsar_bound_gateway'::regrole
      else 0 end`,

  "the gateways of one tenant have the rights of the others, and read which login they have": `
    select coalesce(shared.place, bound.place) from
      (select place from rights where grantee = 'sendsar_gateway'::regrole) shared
      full join (select place from rights where grantee = 'sendsar_bound_gateway'::regrole) bound
      on shared.place = bound.place
    where (shared.place is null or bound.place is null)
      and coalesce(bound.place, '') not in ('gateway_logins.tenant_id: select', 'gateway_logins.login: select')`,

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
    from (values ('tenants'), ('api_keys'), ('tenant_secrets'), ('gateway_logins'), ('migrations')) t (name),
      unnest(array['insert', 'update', 'delete', 'truncate']) privilege
    where has_table_privilege('sendsar_gateway', 'sendsar.' || t.name, privilege)
    union all
    select c.relname || '.' || a.attname from relations c join pg_attribute a on a.attrelid = c.oid
    where c.relname in ('tenants', 'api_keys', 'tenant_secrets', 'gateway_logins', 'migrations') and a.attnum > 0
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
    select * from pg_roles
    where rolname in ('sendsar_gateway', 'sendsar_bound_gateway', 'sendsar_provisioner', $1)
      or rolname in (select login from sendsar.gateway_logins)
  ),
  rights as (
    select g.grantee, c.relname || ': ' || lower(g.privilege_type) as place from relations c, aclexplode(c.relacl) g
    union all
    select g.grantee, c.relname || '.' || a.attname || ': ' || lower(g.privilege_type)
    from relations c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) g
    union all
    select g.grantee, n.nspname || ': ' || lower(g.privilege_type) from pg_namespace n, aclexplode(n.nspacl) g
    union all
    select g.grantee, p.proname || '(): ' || lower(g.privilege_type) from pg_proc p, aclexplode(p.proacl) g
    where p.pronamespace = 'sendsar'::regnamespace
  )
  select broken::text from (${catalogRules[rule]}) found (broken) order by 1`;
