-- Which letters to addressees wait longer than they may? They wait since they were planned or
-- approved, or since a person decided to send them again; tries in between change nothing.
-- `idle_since_ms`: since then nobody takes the letter, though it is due or its lease is over.
select
    delivery.occasion,
    delivery.mode,
    municipality.name,
    case
        when delivery.state in ('claimed', 'in_doubt') then delivery.lease_until_ms
        else delivery.not_before_ms
    end as idle_since_ms,
    waiting.since_ms
from delivery
join municipality on municipality.municipality_id = delivery.municipality_id
join (
    select delivery_id, max(at_ms) as since_ms
    from delivery_event
    where (to_state = 'ready' and from_state in ('new', 'held'))
        or (to_state = 'retry' and from_state in ('unknown', 'exhausted', 'rejected'))
    group by delivery_id
) as waiting on waiting.delivery_id = delivery.delivery_id
where delivery.state in ('ready', 'retry', 'claimed', 'in_doubt')
    and delivery.mode <> 'operator'
    and waiting.since_ms <= :before_ms
order by delivery.occasion, delivery.mode, municipality.name
