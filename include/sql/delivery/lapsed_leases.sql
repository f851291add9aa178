-- Whose lease is over?
select delivery_id, state, attempts
from delivery
where state in ('claimed', 'in_doubt')
    and lease_until_ms < :now_ms
order by delivery_id
