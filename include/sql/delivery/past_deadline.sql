-- Which letters were not sent before their deadline, as two looks some minutes apart agree?
select delivery_id, state
from delivery
where state in ('held', 'ready', 'retry')
    and expires_ms <= (select looked_before_ms from relay where looked_ms <= :now_ms)
order by delivery_id
