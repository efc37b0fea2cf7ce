import type { App } from "@sendsar/protocol/objects/app";
import type { PushProvider } from "@sendsar/protocol/objects/device";
import type { Db, Statement } from "./db.ts";
import { lockTenant } from "./tenant-lock.ts";

/** The app that is always there, with or without a row. */
export const defaultAppCode = "default";

/** An app, and the providers of which it has credentials. */
export interface StoredApp {
  readonly appCode: string;
  readonly name: string;
  readonly pushPayloadType: App["pushPayloadType"];
  readonly providers: readonly PushProvider[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Sealed credentials of a provider. */
export interface AppSecret {
  readonly provider: PushProvider;
  readonly sealed: Buffer;
  /** The key that sealed them. */
  readonly masterKeyId: string;
}

export interface NewApp {
  readonly appCode: string;
  readonly name: string;
  readonly pushPayloadType: App["pushPayloadType"];
  readonly secrets: readonly AppSecret[];
}

/**
 * Creates an app with its credentials. Answers `exists` when there is one with this code, and `too_many` when the tenant has
 * `appsMax` besides the default one.
 */
export const createApp = async (
  db: Db,
  tenantId: string,
  app: NewApp,
  appsMax: number,
): Promise<StoredApp | "exists" | "too_many"> => {
  const [, inserted, found] = await db.batch(tenantId, [
    // Two at a time would both find a place for the last one.
    { statement: lockTenant, values: [tenantId] },
    {
      statement: insertApp,
      values: [tenantId, app.appCode, app.name, app.pushPayloadType, ...toValues(app), appsMax, defaultAppCode],
    },
    { statement: selectApp, values: [tenantId, defaultAppCode, app.appCode] },
  ]);
  const row = found?.[0] as AppRow | undefined;
  if (inserted?.length !== 1) return row ? "exists" : "too_many";
  if (!row) throw new Error("unable to create an app; it is not there after its insert");
  return toApp(row);
};

const insertApp: Statement = {
  name: "insert-app",
  text: `
    with made as (
      insert into tenant_apps (tenant_id, app_code, name, push_payload_type)
      select $1, $2, $3, $4
      where (select count(*) from tenant_apps where tenant_id = $1 and app_code <> $9) < $8
      on conflict do nothing
      returning app_code
    ),
    sealed as (
      insert into app_secrets (tenant_id, app_code, provider, sealed, master_key_id)
      select $1, made.app_code, given.*
      from made, unnest($5::text[], $6::bytea[], $7::text[]) as given
    )
    select app_code from made`,
};

export interface AppChange {
  readonly appCode: string;
  /** Undefined: as it is. */
  readonly name: string | undefined;
  readonly pushPayloadType: App["pushPayloadType"] | undefined;
  /** Credentials to be put in place of those that are there, and providers whose credentials go. */
  readonly secrets: readonly AppSecret[];
  readonly removed: readonly PushProvider[];
}

/** Changes an app. Answers undefined when there is none. The default one gets a row when it is changed. */
export const updateApp = async (db: Db, tenantId: string, change: AppChange): Promise<StoredApp | undefined> => {
  const { appCode, name, pushPayloadType, secrets, removed } = change;
  const isChange = name !== undefined || pushPayloadType !== undefined || secrets.length > 0 || removed.length > 0;
  const results = await db.batch(tenantId, [
    ...(isChange && appCode === defaultAppCode ? [{ statement: insertDefault, values: [tenantId, appCode] }] : []),
    ...(isChange
      ? [
          {
            statement: update,
            values: [tenantId, appCode, name ?? null, pushPayloadType ?? null, ...toValues(change), removed],
          },
        ]
      : []),
    { statement: selectApp, values: [tenantId, defaultAppCode, appCode] },
  ]);
  const row = results.at(-1)?.[0] as AppRow | undefined;
  return row && toApp(row);
};

const toValues = ({ secrets }: Pick<NewApp, "secrets">): readonly unknown[] => [
  secrets.map(({ provider }) => provider),
  secrets.map(({ sealed }) => sealed),
  secrets.map(({ masterKeyId }) => masterKeyId),
];

/** What the default app is as long as nobody changed it. */
const defaultRow = "'Default' as name, 'FULL' as push_payload_type, created_at, created_at as updated_at";

const insertDefault: Statement = {
  name: "insert-default-app",
  text: `
    insert into tenant_apps (tenant_id, app_code, name, push_payload_type, created_at, updated_at)
    select tenant_id, $2, ${defaultRow} from tenants where tenant_id = $1
    on conflict do nothing`,
};

const update: Statement = {
  name: "update-app",
  text: `
    with changed as (
      update tenant_apps
      set name = coalesce($3, name), push_payload_type = coalesce($4, push_payload_type), updated_at = now()
      where tenant_id = $1 and app_code = $2
      returning app_code
    ),
    removed as (
      delete from app_secrets s using changed
      where s.tenant_id = $1 and s.app_code = changed.app_code and s.provider = any($8::text[])
    )
    insert into app_secrets (tenant_id, app_code, provider, sealed, master_key_id)
    select $1, changed.app_code, given.*
    from changed, unnest($5::text[], $6::bytea[], $7::text[]) as given
    on conflict (tenant_id, app_code, provider) do update
      set sealed = excluded.sealed, master_key_id = excluded.master_key_id, created_at = now()`,
};

/** An app. Undefined when there is none with this code. */
export const findApp = async (db: Db, tenantId: string, appCode: string): Promise<StoredApp | undefined> => {
  const [row] = await db.query<AppRow>(tenantId, selectApp, [tenantId, defaultAppCode, appCode]);
  return row && toApp(row);
};

/** All apps of a tenant, the default one first, the others by their codes. */
export const listApps = async (db: Db, tenantId: string): Promise<StoredApp[]> => {
  const rows = await db.query<AppRow>(tenantId, selectApps, [tenantId, defaultAppCode]);
  return rows.map(toApp);
};

const appsOf = `
    select apps.*, array(
        select provider from app_secrets s where s.tenant_id = $1 and s.app_code = apps.app_code
      ) as providers
    from (
      select app_code, name, push_payload_type, created_at, updated_at from tenant_apps where tenant_id = $1
      union all
      select $2, ${defaultRow} from tenants
      where tenant_id = $1 and not exists (select from tenant_apps where tenant_id = $1 and app_code = $2)
    ) apps`;

const selectApp: Statement = {
  name: "select-app",
  text: `${appsOf}
    where app_code = $3`,
};

const selectApps: Statement = {
  name: "select-apps",
  text: `${appsOf}
    order by app_code <> $2, app_code`,
};

/** Deletes an app with its credentials. Users that name it keep the name. Answers whether there was one. */
export const deleteApp = async (db: Db, tenantId: string, appCode: string): Promise<boolean> => {
  const rows = await db.query(tenantId, deleteRow, [tenantId, appCode]);
  return rows.length === 1;
};

const deleteRow: Statement = {
  name: "delete-app",
  text: "delete from tenant_apps where tenant_id = $1 and app_code = $2 returning app_code",
};

interface AppRow {
  readonly app_code: string;
  readonly name: string;
  readonly push_payload_type: App["pushPayloadType"];
  readonly providers: readonly PushProvider[];
  readonly created_at: string;
  readonly updated_at: string;
}

const toApp = (row: AppRow): StoredApp => ({
  appCode: row.app_code,
  name: row.name,
  pushPayloadType: row.push_payload_type,
  providers: row.providers,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
