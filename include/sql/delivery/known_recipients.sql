-- Which addresses of the run's addressees have been written to before? Of spellings that differ
-- by capitals only, the one that stands last is that of the oldest letter.
select
    recipient.municipality_id,
    recipient.recipient_id,
    recipient.addr
from recipient
join run_municipality
    on run_municipality.municipality_id = recipient.municipality_id
    and run_municipality.run_id = :run_id
left join (
    select recipient_id, min(updated_ms) as since_ms
    from delivery
    group by recipient_id
) as letter on letter.recipient_id = recipient.recipient_id
order by
    case when letter.since_ms is null then 0 else 1 end,
    letter.since_ms desc,
    recipient.recipient_id
