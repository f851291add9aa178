-- Somebody looks what time has done: noted, with the look before it, where that lies long enough ago.
-- A look that lies ahead was noted by a wrong clock, and says nothing of what is late.
insert into relay (relay, failures, next_slot_ms, updated_ms, looked_ms)
values ('smtp', 0, 0, :now_ms, :now_ms)
on conflict (relay) do update
set looked_before_ms = case when relay.looked_ms <= :now_ms then relay.looked_ms end,
    looked_ms = :now_ms
where relay.looked_ms is null
    or relay.looked_ms > :now_ms
    or relay.looked_ms <= :now_ms - 240000
