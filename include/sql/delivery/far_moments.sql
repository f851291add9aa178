-- Which moments lie farther ahead than anybody writes them? One row per kind.
select 'slot' as kind, count(*) as found
from relay
where next_slot_ms > :slot_ms
union all
select 'rest', count(*)
from relay
where open_until_ms > :rest_ms
union all
select 'try', count(*)
from delivery
where state in ('held', 'ready', 'retry')
    and not_before_ms > :try_ms
union all
select 'lease', count(*)
from delivery
where state in ('claimed', 'in_doubt')
    and lease_until_ms > :lease_ms
union all
select 'doubt', count(*)
from delivery
where state = 'unknown'
    and updated_ms > :doubt_ms
