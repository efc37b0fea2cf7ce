import { runOn } from "../../../scripts/testing/test-server.ts";

/** Makes a database note who changes a row of ours: sessions are told apart by their `application_name`. */
export const startAudit = async (adminUrl: string): Promise<void> => {
  const tables = await runOn<{ name: string }>(
    adminUrl,
    "select relname as name from pg_class where relnamespace = 'sendsar'::regnamespace and relkind = 'r'",
  );
  const triggers = tables.map(
    ({ name }) =>
      `create trigger audit after insert or update or delete on sendsar.${name} for each row execute function audit.note()`,
  );
  await runOn(
    adminUrl,
    `create schema audit;
     create table audit.changes (id bigint generated always as identity, who text not null, what text not null);
     create function audit.note() returns trigger language plpgsql security definer as $$
     begin
       insert into audit.changes (who, what)
       values (current_setting('application_name'), format('%s %s', tg_op, tg_table_name));
       return null;
     end
     $$;
     grant usage on schema audit to public;
     ${triggers.join(";\n")}`,
  );
};

/** The URL under which a process is told apart. */
export const auditedUrl = (adminUrl: string, name: string): string => {
  const url = new URL(adminUrl);
  url.searchParams.set("application_name", name);
  return url.href;
};

export interface Change {
  readonly who: string;
  /** `UPDATE tenants` */
  readonly what: string;
}

/** Every change of a row that was committed, in the order in which they were made. */
export const readChanges = (adminUrl: string): Promise<readonly Change[]> =>
  runOn<Change>(adminUrl, "select who, what from audit.changes order by id");
