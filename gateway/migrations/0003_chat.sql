-- What changes: users, rooms, participants, messages and the event log.
-- Safe under old code: yes, nothing exists yet.  Locks: none.

create table users (
  tenant_id text not null references tenants on delete cascade,
  user_id text not null,
  username text not null,
  -- Plain text, no foreign key: backends name apps that were never created.
  app_code text,
  avatar_url text,
  metadata json,
  deactivated_at timestamptz(3),
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (tenant_id, user_id)
);

create table rooms (
  tenant_id text not null references tenants on delete cascade,
  room_id uuid not null,
  kind text not null check (kind in ('direct', 'group')),
  name text,
  avatar_url text,
  external_id text,
  custom_type text,
  metadata json,
  is_frozen boolean not null default false,
  -- The room's counter: every durable change takes the next number, under this row's lock.
  last_seq bigint not null default 0,
  -- Time of the latest event; the next one is later, so times within a room strictly increase.
  last_event_at timestamptz(3) not null,
  -- Messages that count as unread for somebody, so that unread is a subtraction.
  message_count bigint not null default 0,
  last_message_at timestamptz(3),
  last_message_preview text,
  -- What lists are ordered by: the latest message, or the creation.
  activity_at timestamptz(3) not null,
  created_at timestamptz(3) not null,
  primary key (tenant_id, room_id),
  unique (tenant_id, external_id)
) with (fillfactor = 80);
create index rooms_by_activity on rooms (tenant_id, activity_at desc, room_id);

create table participants (
  tenant_id text not null,
  room_id uuid not null,
  user_id text not null,
  role text not null check (role in ('OPERATOR', 'MEMBER')),
  joined_at timestamptz(3) not null,
  -- Read and delivery pointers: the seq they stand on, and how many counted messages lie up to it.
  last_read_seq bigint not null default 0,
  last_read_count bigint not null default 0,
  last_read_at timestamptz(3),
  last_delivered_seq bigint not null default 0,
  last_delivered_at timestamptz(3),
  primary key (tenant_id, room_id, user_id),
  foreign key (tenant_id, room_id) references rooms on delete cascade,
  foreign key (tenant_id, user_id) references users on delete cascade
) with (fillfactor = 80);
create index participants_by_user on participants (tenant_id, user_id, room_id);

create table messages (
  tenant_id text not null,
  room_id uuid not null,
  seq bigint not null,
  message_id uuid not null,
  sender_id text not null,
  client_message_id text,
  -- json, not jsonb: parts come back with every number and text as it was sent, and are never searched by content.
  parts json not null,
  preview_text text,
  parent_message_id uuid,
  -- The how-manieth counted message of the room this is.
  ordinal bigint not null,
  created_at timestamptz(3) not null,
  edited_at timestamptz(3),
  deleted_at timestamptz(3),
  primary key (tenant_id, room_id, seq),
  unique (tenant_id, message_id),
  unique (tenant_id, room_id, sender_id, client_message_id),
  foreign key (tenant_id, room_id) references rooms on delete cascade,
  foreign key (tenant_id, sender_id) references users
);

-- The tenant's log. Dense per room by seq; read across rooms in the order (txid, position), where a reader stops
-- before the oldest transaction still running, so that one that commits late is never skipped.
create table events (
  tenant_id text not null,
  room_id uuid not null,
  seq bigint not null,
  txid xid8 not null default pg_current_xact_id(),
  position bigint not null generated always as identity,
  type text not null,
  actor_id text,
  -- The message it is about; its content is read from messages, so a deleted text is nowhere else.
  message_id uuid,
  data json,
  created_at timestamptz(3) not null,
  primary key (tenant_id, room_id, seq),
  foreign key (tenant_id, room_id) references rooms on delete cascade
);
create index events_in_order on events (tenant_id, txid, position);

do $$
declare
  name text;
begin
  foreach name in array array['users', 'rooms', 'participants', 'messages', 'events'] loop
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

grant select, insert, update on users, rooms, participants, messages to sendsar_gateway;
grant delete on participants to sendsar_gateway;
-- The log is append-only for those who write it.
grant select, insert on events to sendsar_gateway;
grant select, delete on users, rooms, participants, messages, events to sendsar_provisioner;
