-- What changes: what can happen to a message after it was sent, to a room, and for one participant alone.
-- Safe under old code: yes, columns with constant defaults are added. Until it is replaced, old code lists all rooms of a
-- tenant without the help of an index.
-- Locks: three tables for an instant each; building the two indexes of messages blocks writes to it, but both are empty.
-- The new index of rooms blocks writes to rooms for as long as it takes: some seconds for a million of them.

alter table rooms
  -- Deleted for everybody: the row stays, without its name, so that the event of the deletion is in the room's log.
  add column deleted_at timestamptz(3);

-- Lists pass over no deleted rooms, however many there are.
drop index rooms_by_activity;
create index rooms_by_activity on rooms (tenant_id, activity_at desc, room_id) where deleted_at is null;
alter table participants
  -- "Clear history": messages up to here are not there for this participant. The time is that of the room's last event
  -- then; times within a room strictly increase, so both say the same.
  add column cleared_seq bigint not null default 0,
  add column cleared_at timestamptz(3),
  -- "Delete conversation": the room is not listed until a message is later than this.
  add column hidden_at timestamptz(3);

alter table messages
  -- [{"userId": …, "emoji": …}] in the order in which they were put on; changed under the room's lock as everything is.
  add column reactions json not null default '[]',
  add column pinned_at timestamptz(3),
  add column pinned_by text,
  -- The message that this is a copy of, and who wrote the first of the copies.
  add column forwarded_from_id uuid,
  add column forwarded_from_sender_id text;

create index messages_pinned on messages (tenant_id, room_id, pinned_at desc) where pinned_at is not null;
-- Unread is a subtraction of counters; what was deleted after the pointer is subtracted too, and found here. Few are.
create index messages_deleted on messages (tenant_id, room_id, seq) where deleted_at is not null;

-- For deleting a room. Single messages are never deleted, only emptied: their places stay.
grant delete on messages to sendsar_gateway;

-- Deleted rooms of which messages may be left: of one with many they are removed in steps.
create table rooms_to_clear (
  tenant_id text not null,
  room_id uuid not null,
  created_at timestamptz(3) not null default now(),
  primary key (tenant_id, room_id),
  foreign key (tenant_id, room_id) references rooms on delete cascade
);

alter table rooms_to_clear enable row level security, force row level security;
create policy tenant_isolation on rooms_to_clear
  using (tenant_id = current_setting('sendsar.tenant_id', true))
  with check (tenant_id = current_setting('sendsar.tenant_id', true));
-- A gateway looks for those of all tenants, and removes their messages in the context of each.
create policy clearing on rooms_to_clear for select to sendsar_gateway
  using (current_setting('sendsar.tenant_id', true) = '*');

grant select, insert, delete on rooms_to_clear to sendsar_gateway;
grant select, delete on rooms_to_clear to sendsar_provisioner;
