-- Which letters were not sent before their deadline?
select delivery_id, state
from delivery
where state in ('held', 'ready', 'retry')
    and expires_ms <= :now_ms
order by delivery_id
