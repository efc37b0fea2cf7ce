import type { Device } from "@sendsar/protocol/objects/device";
import type { Db, Statement } from "./db.ts";

export interface NewDevice {
  /** Id of the registration, if it becomes a new one. */
  readonly deviceId: string;
  readonly userId: string;
  readonly provider: Device["provider"];
  readonly token: string;
  /** SHA-256 of what tells devices of a provider apart. */
  readonly tokenHash: Buffer;
  readonly platform: string | null;
}

/**
 * Registers a device. One that is known stays the same, unless it was another user's: then it is a new one, and that user's
 * no more. Of more than `devicesMax` of a user those go that said longest ago that they are there. Answers undefined when
 * there is no such user.
 */
export const registerDevice = async (
  db: Db,
  tenantId: string,
  { deviceId, userId, provider, token, tokenHash, platform }: NewDevice,
  devicesMax: number,
): Promise<{ readonly device: Device; readonly created: boolean } | undefined> => {
  // The user's lock first: a device that is registered while its user is deleted is deleted with it, and of several at a time
  // no more than fit are left.
  const queries = [
    { statement: lockUser, values: [tenantId, userId] },
    { statement: upsertDevice, values: [tenantId, userId, deviceId, provider, token, tokenHash, platform] },
    { statement: deleteOldest, values: [tenantId, userId, provider, tokenHash, devicesMax] },
  ];
  const results = await db.batch(tenantId, queries, { plan: "once" });
  const row = results[1]?.[0] as DeviceRow | undefined;
  return row && { device: toDevice(row), created: row.device_id === deviceId };
};

const lockUser: Statement = {
  name: "lock-user",
  text: "select from users where tenant_id = $1 and user_id = $2 for no key update",
};

// A new registration has the id that was given for it.
const upsertDevice: Statement = {
  name: "upsert-device",
  text: `
    insert into devices as d (tenant_id, device_id, user_id, provider, token, token_hash, platform, created_at, registered_at)
    select $1, $3, user_id, $4, $5, $6, $7, clock_timestamp(), clock_timestamp()
    from users where tenant_id = $1 and user_id = $2 and deleted_at is null
    on conflict (tenant_id, provider, token_hash) do update set
      device_id = case when d.user_id = excluded.user_id then d.device_id else excluded.device_id end,
      created_at = case when d.user_id = excluded.user_id then d.created_at else excluded.created_at end,
      user_id = excluded.user_id,
      token = excluded.token,
      platform = excluded.platform,
      registered_at = excluded.registered_at
    returning *`,
};

// The one that was just registered never goes, whatever the clock says.
const deleteOldest: Statement = {
  name: "delete-oldest-devices",
  text: `
    delete from devices
    where tenant_id = $1 and device_id = any(array(
      select device_id from devices
      where tenant_id = $1 and user_id = $2
      order by (provider = $3 and token_hash = $4) desc, registered_at desc, device_id desc
      offset $5))`,
};

/** The devices of a user, the one that said last that it is there first. Undefined when there is no such user. */
export const listDevices = async (db: Db, tenantId: string, userId: string): Promise<Device[] | undefined> => {
  const [users = [], devices = []] = await db.batch(tenantId, [
    { statement: selectUserIsThere, values: [tenantId, userId] },
    { statement: selectDevices, values: [tenantId, userId] },
  ]);
  return users.length === 1 ? (devices as unknown as DeviceRow[]).map(toDevice) : undefined;
};

const selectUserIsThere: Statement = {
  name: "select-user-is-there",
  text: "select from users where tenant_id = $1 and user_id = $2 and deleted_at is null",
};

const selectDevices: Statement = {
  name: "select-devices",
  text: `
    select * from devices
    where tenant_id = $1 and user_id = $2
    order by registered_at desc, device_id desc`,
};

/**
 * Removes a device of a user, by its id or by the hash of its token, whichever of the hashes it has. One that is not there is
 * fine. Answers false when there is no such user.
 */
export const deleteDevice = async (
  db: Db,
  tenantId: string,
  userId: string,
  { deviceId, tokenHashes }: { readonly deviceId: string | undefined; readonly tokenHashes: readonly Buffer[] },
): Promise<boolean> => {
  const [users] = await db.batch(tenantId, [
    { statement: selectUserIsThere, values: [tenantId, userId] },
    { statement: deleteOne, values: [tenantId, userId, deviceId ?? null, tokenHashes] },
  ]);
  return users?.length === 1;
};

const deleteOne: Statement = {
  name: "delete-device",
  text: `
    delete from devices
    where tenant_id = $1 and user_id = $2 and (device_id = $3 or token_hash = any($4::bytea[]))`,
};

interface DeviceRow {
  readonly device_id: string;
  readonly provider: Device["provider"];
  readonly token: string;
  readonly platform: string | null;
  readonly created_at: string;
}

const toDevice = (row: DeviceRow): Device => ({
  id: row.device_id,
  provider: row.provider,
  token: row.token,
  platform: row.platform,
  createdAt: row.created_at,
});
