-- What the reference server stores: the least that a chat needs.
create table users (user_id text primary key);
create table rooms (room_id uuid primary key, last_seq bigint not null default 0);
create table participants (
  room_id uuid not null references rooms,
  user_id text not null references users,
  primary key (room_id, user_id)
);
create index participants_by_user on participants (user_id);
create table messages (
  room_id uuid not null references rooms,
  seq bigint not null,
  message_id uuid not null unique,
  sender_id text not null references users,
  parts json not null,
  created_at timestamptz(3) not null default now(),
  primary key (room_id, seq)
);
create table api_keys (key_hash bytea primary key);
-- As the adapter's README gives it.
create table socket_io_attachments (
  id bigserial unique,
  created_at timestamptz default now(),
  payload bytea
);
