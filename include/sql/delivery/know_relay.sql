-- The mail server's row, made when it is first needed.
insert into relay (relay, failures, next_slot_ms, updated_ms)
values ('smtp', 0, 0, :now_ms)
on conflict (relay) do nothing
