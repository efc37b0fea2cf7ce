-- What changes: users can be deleted, sessions revoked, devices registered; tenants have apps, quotas and managed settings.
-- Safe under old code: yes, columns with constant defaults, tables and a trigger are added. Its statements set none of the
-- new columns, and what it writes is remembered by the trigger all the same.
-- Locks: tenants, users, revocations and participants for an instant; building the index blocks writes to events for a
-- moment per million: on a large table build it by hand first, concurrently.

alter table tenants
  -- What the Tenant resource sets: values that REST may read and not change. Merged over `settings`.
  add column managed_settings jsonb not null default '{}',
  -- Bounds of this tenant where they differ from those of every tenant.
  add column quotas jsonb not null default '{}',
  -- Session tokens minted before are refused.
  add column sessions_valid_from timestamptz(3);
grant update (sessions_valid_from) on tenants to sendsar_gateway;

alter table users
  -- The same for one user. Outlives the user's deletion: who comes back under the id starts with new tokens.
  add column sessions_valid_from timestamptz(3),
  -- The row stays while messages name it, without anything about the person.
  add column deleted_at timestamptz(3);

alter table revocations
  -- Sockets whose tokens were minted before this go; null: all do.
  add column issued_before timestamptz(3),
  drop constraint revocations_reason_check,
  add constraint revocations_reason_check
    check (reason in ('tenant_suspended', 'tenant_deleted', 'user_deactivated', 'user_deleted', 'sessions_revoked'));

-- Every room that a user ever came into: where a deletion has to look, long after the user left. To find a sender's
-- messages otherwise would take one more index on messages, which every message would pay for.
create table user_rooms (
  tenant_id text not null,
  user_id text not null,
  room_id uuid not null,
  -- The user's deletion, once it has been through the room: memberships and names, and the messages as well. Any other time
  -- is that of an earlier life under this id.
  left_for timestamptz(3),
  emptied_for timestamptz(3),
  primary key (tenant_id, user_id, room_id),
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, room_id) references rooms on delete cascade
);

-- A trigger, so that no statement that makes participants can forget it, those of gateways of the version before included.
create function remember_rooms() returns trigger language plpgsql as $$
begin
  insert into sendsar.user_rooms (tenant_id, user_id, room_id)
  select tenant_id, user_id, room_id from came
  on conflict do nothing;
  return null;
end
$$;
create trigger remember_rooms after insert on participants
  referencing new table as came for each statement execute function remember_rooms();

-- The lines of a room that name somebody follow these events; among all events of a busy room they are few.
create index events_of_membership on events (tenant_id, room_id, seq) where type = 'participants.changed';

-- A device that can be woken by a push.
create table devices (
  tenant_id text not null,
  device_id uuid not null,
  user_id text not null,
  provider text not null check (provider in ('FCM', 'ONESIGNAL', 'PUSHY', 'APNS', 'WEBPUSH')),
  token text not null,
  -- Tokens can be longer than an index entry.
  token_hash bytea not null check (length(token_hash) = 32),
  platform text,
  created_at timestamptz(3) not null default now(),
  -- The last time that the device said it is there; of too many the oldest goes.
  registered_at timestamptz(3) not null default now(),
  primary key (tenant_id, device_id),
  unique (tenant_id, provider, token_hash),
  foreign key (tenant_id, user_id) references users on delete cascade
);
create index devices_by_user on devices (tenant_id, user_id, registered_at);

-- Which push credentials a user's devices are reached with. The app `default` is there without a row.
create table tenant_apps (
  tenant_id text not null references tenants on delete cascade,
  app_code text not null,
  name text not null,
  push_payload_type text not null default 'FULL' check (push_payload_type in ('FULL', 'DATA')),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  primary key (tenant_id, app_code)
);

-- Credentials of push providers: written, used, never answered. Sealed as tenant_secrets are.
create table app_secrets (
  tenant_id text not null,
  app_code text not null,
  provider text not null check (provider in ('ONESIGNAL', 'FCM', 'PUSHY', 'APNS', 'WEBPUSH')),
  sealed bytea not null,
  master_key_id text not null,
  created_at timestamptz(3) not null default now(),
  primary key (tenant_id, app_code, provider),
  foreign key (tenant_id, app_code) references tenant_apps on delete cascade
);

do $$
declare
  name text;
begin
  foreach name in array array['user_rooms', 'devices', 'tenant_apps', 'app_secrets'] loop
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

grant select, insert, update, delete on user_rooms, devices, tenant_apps, app_secrets
  to sendsar_gateway, sendsar_provisioner;
