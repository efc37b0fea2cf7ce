-- What changes: the rooms that users came into before 0007 are remembered too.
-- Safe under old code: yes, rows are added to a table that it does not know.
-- Locks: none; reads all messages and the events of membership once.
--
-- Tenant by tenant, because row-level security binds the owner of the tables too.
do $$
declare
  tenant text;
begin
  for tenant in select tenant_id from tenants loop
    perform set_config('sendsar.tenant_id', tenant, true);
    insert into user_rooms (tenant_id, user_id, room_id)
    select u.tenant_id, u.user_id, was_in.room_id
    from (
      select json_array_elements_text(data -> 'targetUserIds') as user_id, room_id
      from events where tenant_id = tenant and type = 'participants.changed'
      union
      select sender_id, room_id from messages where tenant_id = tenant
    ) was_in
    join users u on u.tenant_id = tenant and u.user_id = was_in.user_id
    on conflict do nothing;
  end loop;
  perform set_config('sendsar.tenant_id', '', true);
end
$$;
